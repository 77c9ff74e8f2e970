//! The program itself: its one line, its exit codes, what it says when it cannot start.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

fn program(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-service"));
    command.env_remove("DATABASE_URL").env_remove("RUST_LOG").args(flags);
    command
}

#[test]
fn it_needs_nothing_and_ends_with_its_standard_input() {
    let flags = ["--listen", "127.0.0.1:0", "--exit-with-stdin", "--seed-students", "10"];
    let mut child =
        program(&flags).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start");
    let mut output = BufReader::new(child.stdout.take().expect("stdout"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("listening on http://").expect("the line");
    std::net::TcpStream::connect(address).expect("it accepts");
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("exit").code(), Some(0));
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "");
}

#[test]
fn errors_at_the_start_have_a_code_a_cause_and_a_hint() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = taken.local_addr().expect("address").to_string();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--database-url", "postgres://bob:secret@127.0.0.1:1/x"], 3, "hint: check `--database-url`"),
        (&["--database-url", "mysql://bob:secret@127.0.0.1:1/x"], 3, "hint: write `postgres://"),
        (&["--database-url", "sqlite://:memory:"], 3, "hint: name a file"),
        (&["--listen", &address], 3, "Caused by: "),
        (&["--defect", "wrong-statsu"], 2, "did you mean `wrong-status`?"),
    ];
    for (flags, code, said) in cases {
        let free = ["--listen", "127.0.0.1:0"];
        let free = if flags[0] == "--listen" { &[][..] } else { &free[..] };
        let Output { status, stdout, stderr } = program(free).args(flags).output().expect("run");
        let stderr = String::from_utf8(stderr).expect("text");
        assert_eq!(status.code(), Some(code), "{stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(said), "{stderr}");
        assert!(stdout.is_empty() && !stderr.contains("secret"), "{stderr}");
    }
}
