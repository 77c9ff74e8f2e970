//! Failing cases of the sample: requests for a shell and answers side by side, with texts that try to get out of them.

use super::STEPS;
use crate::record::parity::{Class, Difference, Kind, Remedy, RemedyTarget};
use crate::record::reproduce::{Again, FailingCase, Reproduction, ShellSecret, SideAgain};
use crate::role::Pair;

const LOGIN: &str = r#"# login
answer=$(curl -sS -i --request POST "$SIDE/api/v1/auth/token" \
  --header 'content-type: application/json' \
  --data-raw '{"username":"admin","password":'"$PASSWORD_JSON"'}' | tr -d '\r')
token=$(printf '%s\n' "$answer" | sed '1,/^$/d' | jq -r .access_token)"#;
const READ: &str = r#"# browse / GET /api/v1/students?page=1&page_size=20
curl -sS -i --request GET "$SIDE/api/v1/students?page=1&page_size=20" \
  --header "authorization: Bearer $token" \
  --header 'x-note: O'\''Neil </code><script>alert(2)</script> ]]>'"#;
const DIFF: &str = r#"@@ -1,9 +1,8 @@
 HTTP 200
 content-type: application/json

 {
   "items": [
     {
-      "name": "Ada Lovelace",
-      "]]>|`": "a|b`c]]>d\\|e",
+      "name": "<script>alert(1)</script>",
       "gpa": 3.50
"#;

pub(super) fn reproduction() -> Reproduction {
    let side = |stack: &str, port: u16| {
        let listen = format!("127.0.0.1:{port}");
        let start =
            format!("cutover serve --stack {stack} --listen {listen} --database-url sqlite://{stack}.db --migrate");
        Some(SideAgain { url: Some(format!("http://{listen}")), start: Some(start) })
    };
    let secret = |name: &str, about: &str| ShellSecret { name: name.to_owned(), about: about.to_owned() };
    Reproduction {
        sides: Pair { baseline: side("blocking", 18_081), candidate: side("async", 18_082) },
        secrets: vec![secret("PASSWORD_JSON", "`password` in the body of `login` <b>|`")],
        cases: vec![
            case(0, &[LOGIN, READ], DIFF, 12),
            case(1, &[LOGIN, "# browse / one\ncurl -sS -i --request GET \"$SIDE/api/v1/students/7\""], "", 0),
        ],
        left_out: 2,
    }
}

fn case(step: usize, requests: &[&str], diff: &str, diff_left_out: u64) -> FailingCase {
    FailingCase {
        flow: STEPS[step].0.to_owned(),
        step: STEPS[step].1.to_owned(),
        requests: requests.iter().map(|line| (*line).to_owned()).collect(),
        diff: diff.to_owned(),
        diff_left_out,
        about: None,
        queries: Pair::default(),
        again: Again::Step,
    }
}

/// The failing case of a breaking difference: all of a step share one.
pub(super) fn case_of(class: Class, step: usize) -> Option<usize> {
    (class == Class::Breaking && step < 2).then_some(step)
}

/// What would accept a breaking difference.
pub(super) fn remedy(difference: &Difference) -> Option<Remedy> {
    let Difference { class: Class::Breaking, flow, step, place, kind, .. } = difference else { return None };
    let (target, yaml) = match kind {
        Kind::Status => (
            RemedyTarget::AcceptedDifferences,
            format!("- flow: {flow}\n  step: {step}\n  where: {place}\n  reason: …\n  until: 2026-06-30\n"),
        ),
        _ => (RemedyTarget::Plan, format!("- path: '{place}'\n  as: ignore\n  flow: {flow}\n  reason: …\n")),
    };
    Some(Remedy { target, yaml })
}
