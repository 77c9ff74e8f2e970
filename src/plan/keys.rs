//! Every key that a plan may have, in one table. The reader takes keys from here and from nowhere else, and the JSON
//! Schema is written from it, so that the two cannot say different things.

use super::faults::Fault;
use super::side::{Metrics, Speaks};

/// A mapping with fixed keys.
pub(super) struct Object {
    /// Name of its definition in the schema.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
    /// Of these keys exactly one must be there; empty: no such rule.
    pub(super) one_of: &'static [&'static str],
}

/// One key of an object.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
    /// For the schema.
    pub(super) about: &'static str,
}

/// What a value looks like.
pub(super) enum Kind {
    Text,
    /// Text, or a number or a switch that becomes text.
    Value,
    Duration,
    /// A number that is not negative, or one with a percent sign.
    Tolerance,
    /// A JSON Schema.
    Schema,
    /// `1s`, or `500ms..2s`.
    Think,
    /// `200/s`, or a number per second.
    Rate,
    /// A rate or a number, which may be 0.
    Level,
    Switch,
    /// A whole number within bounds.
    Whole(u64, u64),
    Choice(&'static [&'static str]),
    List(&'static Kind),
    /// A list with at least one element.
    Filled(&'static Kind),
    /// A mapping with free keys.
    Free(&'static Kind),
    Object(&'static Object),
    /// One of several shapes.
    Either(&'static [Kind]),
    Anything,
}

const fn must(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, required: true, kind, about }
}

const fn may(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, required: false, kind, about }
}

pub(super) const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
pub(super) const STACKS: &[&str] = &["async", "blocking"];
pub(super) const MODELS: &[&str] = &["open", "closed"];
pub(super) const SPACINGS: &[&str] = &["poisson", "uniform"];
pub(super) const RULE_KINDS: &[&str] = &["datetime", "uuid", "number", "unordered", "keyed", "matches", "schema"];
pub(super) const LEARN: &[&str] = &["created", "changed", "anywhere", "never"];

pub(super) const MAX_NOISE_RUNS: u64 = 100;
pub(super) const MAX_WEIGHT: u64 = 1_000_000;
pub(super) const MAX_USERS: u64 = 100_000;
pub(super) const MAX_BURST: u64 = 100_000;
/// Most arrivals of one block: they are made beforehand and kept in memory, some 70 bytes each.
pub(super) const MAX_ARRIVALS: f64 = 1e6;
pub(super) const MAX_PAIRS: u64 = 10_000;
pub(super) const MAX_CHUNK: u64 = 1_000_000;
pub(super) const MAX_STUDENTS: u64 = 10_000_000;

pub(super) static PLAN: Object = Object {
    name: "plan",
    about: "What cutover will run: sides, database, flows, load, compare rules, gates. Keys that begin with `x-` are free.",
    one_of: &[],
    keys: &[
        must("version", Kind::Whole(1, 1), "Version of this format: 1."),
        must("name", Kind::Text, "Short name; part of the name of the output directory."),
        must("sides", Kind::Object(&SIDES), "The two systems."),
        may("database", Kind::Object(&DATABASE), "The databases behind the sides."),
        may("auth", Kind::Object(&AUTH), "How a caller gets a token."),
        must("flows", Kind::Filled(&Kind::Object(&FLOW)), "What virtual users do."),
        may(
            "contract",
            Kind::Either(&[Kind::Text, Kind::Object(&CONTRACT)]),
            "OpenAPI document that coverage is held against: a file beside the plan, or a `/path` of the baseline.",
        ),
        may("compare", Kind::Object(&COMPARE), "What may differ, and why. Everything else is compared."),
        may(
            "faults",
            Kind::Object(&FAULTS),
            "What is done to both sides on purpose, to see whether they answer alike.",
        ),
        may("load", Kind::Object(&LOAD), "How much load, for how long."),
        may("gates", Kind::List(&GATE), "Rules with a limit that decide the verdict."),
        may("targets", Kind::List(&GATE), "Rules with a limit that are reported only."),
        may("timeout", Kind::Duration, "How long one request may take before it is an error. Default 10s."),
        may("seed", Kind::Whole(0, u64::MAX), "Seed of everything drawn at random. Default: drawn at start, printed."),
    ],
};

const GATE: Kind = Kind::Text;

pub(super) static CONTRACT: Object = Object {
    name: "contract",
    about: "What the service promises, and which promises no request of this plan can see kept.",
    one_of: &[],
    keys: &[
        must("document", Kind::Text, "OpenAPI 3, JSON or YAML: a file beside the plan, or a `/path` of the baseline."),
        may("except", Kind::List(&Kind::Object(&EXCEPT)), "Promises that coverage is not held against, unless kept."),
    ],
};

pub(super) static EXCEPT: Object = Object {
    name: "except",
    about: "Promises that no request of this plan can see kept, such as an answer that only a fault brings.",
    one_of: &["status", "parameter"],
    keys: &[
        may("status", Kind::Either(&[STATUS, Kind::Filled(&STATUS)]), "One status or several."),
        may("parameter", Kind::Text, "Name of a parameter."),
        may("operation", Kind::Text, "Only of this operation, as the document has it: `GET /students/{id}`."),
        must("reason", Kind::Text, "Why; printed in every report."),
    ],
};

pub(super) static SIDES: Object = Object {
    name: "sides",
    about: "The two systems: the one that runs today and the one that is meant to take over.",
    one_of: &[],
    keys: &[
        must("baseline", Kind::Object(&SIDE), "The old system."),
        must("candidate", Kind::Object(&SIDE), "The new system."),
    ],
};

pub(super) static SIDE: Object = Object {
    name: "side",
    about: "One system and how it is reached or started.",
    one_of: &["bundled", "url", "command"],
    keys: &[
        may("bundled", Kind::Object(&BUNDLED), "The reference service that comes with cutover."),
        may("url", Kind::Text, "Scheme, host and port of a service that runs already."),
        may(
            "command",
            Kind::Filled(&Kind::Text),
            "Program and arguments; `{{port}}` and `{{database_url}}` are filled in.",
        ),
        may(
            "env",
            Kind::Free(&Kind::Value),
            "Environment of the command; `{{port}}` and `{{database_url}}` are filled in.",
        ),
        may("dir", Kind::Text, "Working directory of the command."),
        may("ready", Kind::Text, "Path that answers 2xx once the side is ready. Default `/health`."),
        may("ready_timeout", Kind::Duration, "How long it may take to get ready. Default 30s."),
        may("metrics", Kind::Either(&[Kind::Text, Kind::Object(&METRICS)]), "Prometheus endpoint with pool metrics."),
        may(
            "protocol",
            Kind::Choice(&Speaks::NAMES),
            "Which HTTP is spoken. Default `auto`: what TLS negotiates, HTTP/2 first; without TLS, HTTP/1.1.",
        ),
        may("ca", Kind::Text, "PEM file of the authorities to trust for an `https` URL, instead of the system's."),
        may("insecure", Kind::Switch, "Do not check the certificate of an `https` URL at all. Default false."),
    ],
};

pub(super) static BUNDLED: Object = Object {
    name: "bundled",
    about: "The reference service that comes with cutover.",
    one_of: &[],
    keys: &[
        must("stack", Kind::Choice(STACKS), "`async`: awaits all the way. `blocking`: a worker pool of threads."),
        may("defects", Kind::List(&Kind::Text), "Defects to switch on, `name` or `name=value`, to see them found."),
        may("args", Kind::List(&Kind::Text), "More arguments for `cutover serve`, such as `--pool-size=20`."),
    ],
};

pub(super) static METRICS: Object = Object {
    name: "metrics",
    about: "Where a side's pool metrics are and what they are called there.",
    one_of: &[],
    keys: &[
        must("path", Kind::Text, "Path of the Prometheus endpoint."),
        may(
            "names",
            Kind::Choice(&Metrics::NAMES),
            "Whose names they have; `auto`: the first found. Default `opentelemetry`.",
        ),
    ],
};

pub(super) static DATABASE: Object = Object {
    name: "database",
    about: "The databases behind the sides: twins, made from one template.",
    one_of: &[],
    keys: &[
        may("provider", Kind::Text, "`auto`, `docker`, `local`, `sqlite` or a `postgres://` URL. Default `auto`."),
        may("latency", Kind::Duration, "Round-trip time that is put between a side and its database. Default 0s."),
        may("seed", Kind::Object(&SEED), "Seed data of the reference service."),
        may("setup", Kind::Filled(&Kind::Text), "Command that migrates and seeds; `{{database_url}}` is filled in."),
        may("image", Kind::Text, "Image of the `docker` provider. Default `postgres:17-alpine`."),
    ],
};

pub(super) static SEED: Object = Object {
    name: "seed",
    about: "Seed data of the reference service.",
    one_of: &[],
    keys: &[may("students", Kind::Whole(0, MAX_STUDENTS), "How many students. Default 1000.")],
};

pub(super) static AUTH: Object = Object {
    name: "auth",
    about: "How a caller gets a token, and the header that carries it.",
    one_of: &[],
    keys: &[
        may(
            "login",
            Kind::Object(&STEP),
            "The request that answers with a token. Without it the header must be constant.",
        ),
        must("header", Kind::Text, "Header of every step, such as `Authorization: Bearer {{token}}`."),
    ],
};

pub(super) static FLOW: Object = Object {
    name: "flow",
    about: "An ordered list of steps that one virtual user does.",
    one_of: &[],
    keys: &[
        must("name", Kind::Text, "Unique in the plan."),
        may("weight", Kind::Whole(1, MAX_WEIGHT), "Share of the arrivals relative to the other flows. Default 1."),
        must("steps", Kind::Filled(&Kind::Object(&STEP)), "The requests in order."),
        may(
            "think",
            Kind::Think,
            "How long a user pauses between two steps under load, such as `1s`, or `500ms..2s` for any time between the two; in the closed model also before it begins again. Default: not at all.",
        ),
    ],
};

pub(super) static STEP: Object = Object {
    name: "step",
    about: "One request. Text may contain `{{captured}}`, `{{unique}}` and `{{random:1..100}}`; `{{'{{'}}` is `{{`.",
    one_of: &[],
    keys: &[
        must("request", Kind::Text, "Method and target: `GET /path?query`."),
        may("name", Kind::Text, "Unique in the flow. Default: method and path as written."),
        may("headers", Kind::Free(&Kind::Value), "Headers of the request."),
        may("json", Kind::Anything, "JSON body; a string that is nothing but one variable becomes the captured value."),
        may("body", Kind::Text, "Text body as it stands."),
        may("expect", Kind::Object(&EXPECT), "What must come back on either side."),
        may(
            "capture",
            Kind::Free(&Kind::Text),
            "Variables kept of the answer: `$.path`, `header NAME` or `header NAME matching REGEX`.",
        ),
        may("auth", Kind::Switch, "Whether the plan's auth header is sent. Default true."),
        may("think", Kind::Think, "Steps of flows: pause after this step, in place of the flow's."),
    ],
};

pub(super) static EXPECT: Object = Object {
    name: "expect",
    about: "What must come back on either side, whatever the other side says.",
    one_of: &[],
    keys: &[must("status", Kind::Either(&[STATUS, Kind::Filled(&STATUS)]), "One status or several.")],
};

const STATUS: Kind = Kind::Whole(100, 599);

pub(super) static COMPARE: Object = Object {
    name: "compare",
    about: "What may differ, and why. The first rule that fits a place is applied.",
    one_of: &[],
    keys: &[
        may("ignore", Kind::List(&Kind::Object(&IGNORE)), "Places that are not compared."),
        may("rules", Kind::List(&Kind::Object(&RULE)), "Places that are compared otherwise."),
        may("state", Kind::Object(&STATE), "How the two databases are compared, where the harness knows them."),
        may(
            "noise_runs",
            Kind::Whole(0, MAX_NOISE_RUNS),
            "Runs of the baseline against itself; what differs there is compared by format only. Default 1, and 0 for a baseline known by its URL.",
        ),
        may("ids", Kind::Object(&IDS), "Ids that the sides generate: they may differ as long as each stays one."),
    ],
};

pub(super) static STATE: Object = Object {
    name: "state",
    about: "How the databases are compared after each flow that changes something, after each fault, and after the load.",
    one_of: &[],
    keys: &[
        may("ignore", Kind::List(&Kind::Object(&STATE_IGNORE)), "Tables or columns that are not compared."),
        may("rules", Kind::List(&Kind::Object(&STATE_RULE)), "Columns that are compared otherwise."),
        may(
            "sums",
            Kind::List(&Kind::Object(&STATE_SUM)),
            "Columns that add up to the same, whatever order the load had.",
        ),
        may(
            "chunk",
            Kind::Whole(1, MAX_CHUNK),
            "Tables with more rows than this are compared by checksums of so many rows first. Default 5000.",
        ),
    ],
};

pub(super) static STATE_IGNORE: Object = Object {
    name: "state_ignore",
    about: "What is not compared: the rows of a table, a column of it, or a column of every table.",
    one_of: &[],
    keys: &[
        may("table", Kind::Text, "Name of the table; with its schema if that is not `public`: `audit.events`."),
        may("column", Kind::Text, "Name of the column; without a table: in every table."),
        must("reason", Kind::Text, "Why; printed in every report."),
    ],
};

pub(super) static STATE_RULE: Object = Object {
    name: "state_rule",
    about: "A column that is compared otherwise.",
    one_of: &[],
    keys: &[
        may("table", Kind::Text, "Name of the table. Default: every table with such a column."),
        must("column", Kind::Text, "Name of the column."),
        must(
            "as",
            Kind::Choice(RULE_KINDS),
            "As in `rules` of answers: `datetime`, `uuid`, `number`, `matches` or `schema`.",
        ),
        may("within", Kind::Either(&[Kind::Duration, Kind::Tolerance]), "Largest distance of two instants or numbers."),
        may("by", Kind::Text, "Only for answers."),
        may("pattern", Kind::Text, "Regular expression that both values match."),
        may("schema", Kind::Schema, "JSON Schema that both values fit."),
        must("reason", Kind::Text, "Why; printed in every report."),
    ],
};

pub(super) static STATE_SUM: Object = Object {
    name: "state_sum",
    about: "A column of counts: after the load, when requests came in another order, its sum must still be the same.",
    one_of: &[],
    keys: &[
        must("table", Kind::Text, "Name of the table."),
        must("column", Kind::Text, "Name of a column of whole numbers."),
        must("reason", Kind::Text, "Why; printed in every report."),
    ],
};

pub(super) static IDS: Object = Object {
    name: "ids",
    about: "Ids that the sides generate. By their names (`id`, `class_id`), by captures that later paths use, and as UUIDs they are found without being named here.",
    one_of: &[],
    keys: &[
        may(
            "learn",
            Kind::Choice(LEARN),
            "Where two different ids become one: `created` (201 or `Location`), `changed` (any answer to a changing request), `anywhere`, `never`. Default `created`.",
        ),
        may("places", Kind::List(&Kind::Object(&ID_PLACE)), "More places that hold ids."),
        may("except", Kind::List(&Kind::Object(&ID_EXCEPT)), "Places that hold none, whatever they are called."),
    ],
};

pub(super) static ID_PLACE: Object = Object {
    name: "id_place",
    about: "A place that holds an id.",
    one_of: &[],
    keys: &[
        must("path", Kind::Text, "JSONPath of a place in the body."),
        must(
            "of",
            Kind::Text,
            "What it names, such as `student`: ids of two kinds have nothing to do with each other.",
        ),
        may("flow", Kind::Text, "Only for this flow."),
        may("step", Kind::Text, "Only for this step."),
    ],
};

pub(super) static ID_EXCEPT: Object = Object {
    name: "id_except",
    about: "A place that holds no id, whatever it is called.",
    one_of: &[],
    keys: &[
        must("path", Kind::Text, "JSONPath of a place in the body."),
        must("reason", Kind::Text, "Why."),
        may("flow", Kind::Text, "Only for this flow."),
        may("step", Kind::Text, "Only for this step."),
    ],
};

pub(super) static IGNORE: Object = Object {
    name: "ignore",
    about: "A place that is not compared.",
    one_of: &["path", "header"],
    keys: &[
        may("path", Kind::Text, "JSONPath of a place in the body."),
        may("header", Kind::Text, "Name of a header."),
        must("reason", Kind::Text, "Why; printed in every report."),
        may("flow", Kind::Text, "Only for this flow."),
        may("step", Kind::Text, "Only for this step."),
    ],
};

pub(super) static RULE: Object = Object {
    name: "rule",
    about: "A place that is compared otherwise.",
    one_of: &["path", "header"],
    keys: &[
        may("path", Kind::Text, "JSONPath of a place in the body."),
        may("header", Kind::Text, "Name of a header."),
        must(
            "as",
            Kind::Choice(RULE_KINDS),
            "`datetime`: two instants in the same form, not farther apart than `within`. `uuid`: two UUIDs. `number`: two \
             numbers, not farther apart than `within`. `unordered`: an array, or the values of a header, in any order. \
             `keyed`: an array in any order whose elements belong together by `by`. `matches`: two texts that match \
             `pattern`. `schema`: two values that fit `schema`.",
        ),
        may(
            "within",
            Kind::Either(&[Kind::Duration, Kind::Tolerance]),
            "Largest distance: of two instants such as `5s`; of two numbers such as `1e-9`, or `1%` of the one farther \
             from zero.",
        ),
        may("by", Kind::Text, "What makes two elements of arrays the same one: a path inside them, such as `id`."),
        may("pattern", Kind::Text, "Regular expression, found anywhere in the text unless it says `^` and `$`."),
        may(
            "schema",
            Kind::Schema,
            "JSON Schema (2020-12 unless `$schema` says otherwise) of the place and all below it.",
        ),
        must("reason", Kind::Text, "Why; printed in every report."),
        may("flow", Kind::Text, "Only for this flow."),
        may("step", Kind::Text, "Only for this step."),
    ],
};

pub(super) static FAULTS: Object = Object {
    name: "faults",
    about: "What is done to both sides on purpose, at the same moment in the same way, after the flows were replayed.",
    one_of: &[],
    keys: &[
        must(
            "inject",
            Kind::Filled(&Kind::Choice(&Fault::NAMES)),
            "Which faults; they are done in an order of their own.",
        ),
        must(
            "probe",
            Kind::Filled(&Kind::Object(&STEP)),
            "Requests sent during each fault and after it. Each stands alone; the first has to wait for the lock.",
        ),
        may(
            "lock",
            Kind::Text,
            "Table that the harness locks, such as `students`; a `sqlite` file is locked as a whole.",
        ),
        may("unique_violation", Kind::Text, "The step that a unique constraint refuses, as `FLOW/STEP`."),
        may("stale_if_match", Kind::Text, "The step whose `If-Match` is stale, as `FLOW/STEP`."),
        may("recovery", Kind::Duration, "How long a side may take to be as before after a fault. Default 10s."),
    ],
};

pub(super) static BURST: Object = Object {
    name: "burst",
    about: "Many arrivals at one moment, as when a lesson begins, a cache expires or a batch job starts.",
    one_of: &[],
    keys: &[
        must("size", Kind::Whole(1, MAX_BURST), "Flow iterations that arrive together."),
        must("every", Kind::Duration, "One burst in each stretch of this length, at a moment drawn at random."),
    ],
};

pub(super) static STAGE: Object = Object {
    name: "stage",
    about: "A stretch of each block in which the rate, or the number of users, goes evenly to a target.",
    one_of: &[],
    keys: &[
        must("duration", Kind::Duration, "How long it takes; `0s` is a jump."),
        must("target", Kind::Level, "Where it ends. Open model: a rate, such as `200/s`. Closed: how many users."),
    ],
};

pub(super) static LOAD: Object = Object {
    name: "load",
    about: "How much load, for how long: pairs of blocks, one block on each side with the same arrivals.",
    one_of: &[],
    keys: &[
        may(
            "model",
            Kind::Choice(MODELS),
            "`open`: arrivals come at a rate. `closed`: users wait for answers. Default `open`.",
        ),
        may(
            "rate",
            Kind::Rate,
            "Open model: flow iterations that arrive per second, such as `200/s` or `12000/m`. With `stages`: at the start of each block, default 0.",
        ),
        may("spacing", Kind::Choice(SPACINGS), "Open model: how arrivals are spaced. Default `poisson`."),
        may("burst", Kind::Object(&BURST), "Open model: besides these, many arrivals at one moment."),
        may(
            "users",
            Kind::Whole(1, MAX_USERS),
            "Closed: how many; with `stages`: at the start of each block, default 0. Open: most under way at a time, default 256.",
        ),
        may(
            "stages",
            Kind::Filled(&Kind::Object(&STAGE)),
            "Ramps of the rate (open) or of the users (closed), as in k6. Each block goes through all of them.",
        ),
        may("pairs", Kind::Whole(1, MAX_PAIRS), "Block pairs. Default 12."),
        may(
            "max_pairs",
            Kind::Whole(1, MAX_PAIRS),
            "Goes on once, up to so many pairs, where a gate is not decided after `pairs`. Default: it does not.",
        ),
        may("block", Kind::Duration, "Length of a block, settle time included. Default 5s, or the length of `stages`."),
        may("settle", Kind::Duration, "Start of each block that is not counted. Default 1s."),
        may("parity", Kind::Switch, "Whether the sides' answers are compared under load as well. Default true."),
        may(
            "stop_early",
            Kind::Switch,
            "Whether the load ends once no more of it could make a pass of the verdict. Default true.",
        ),
    ],
};

pub(super) const CLASSES: &[&str] = &["breaking", "representation"];
/// Kinds of differences, as records spell them.
pub(super) const DIFFERENCE_KINDS: &[&str] = &[
    "status",
    "missing",
    "extra",
    "type",
    "value",
    "order",
    "body",
    "transport",
    "expectation",
    "capture",
    "row_missing",
    "row_extra",
    "schema",
    "id",
    "aftermath",
    "invariant",
];

pub(super) static ACCEPTED: Object = Object {
    name: "accepted differences",
    about: "Differences that somebody has accepted, so that only new ones fail.",
    one_of: &[],
    keys: &[
        must("version", Kind::Whole(1, 1), "Version of this format: 1."),
        may("accepted", Kind::List(&Kind::Object(&ACCEPTED_DIFFERENCE)), "The differences."),
    ],
};

pub(super) static ACCEPTED_DIFFERENCE: Object = Object {
    name: "accepted difference",
    about: "A difference that somebody has accepted.",
    one_of: &[],
    keys: &[
        must("flow", Kind::Text, "The flow in which it is found."),
        must("step", Kind::Text, "The step in which it is found."),
        must("where", Kind::Text, "`status`, `header NAME`, or a place in the body; `[*]` is any element."),
        must("kind", Kind::Choice(DIFFERENCE_KINDS), "What kind of difference it is, as `run.json` has it."),
        may("class", Kind::Choice(CLASSES), "How much it matters. Default `breaking`."),
        may("baseline", Kind::Value, "Only if the baseline has exactly this there."),
        may("candidate", Kind::Value, "Only if the candidate has exactly this there."),
        must("reason", Kind::Text, "Why it is accepted; printed in every report."),
        may("until", Kind::Text, "The last day on which it is, as `YYYY-MM-DD`. Default: no end."),
        may("ticket", Kind::Text, "Where the work on it is tracked."),
    ],
};
