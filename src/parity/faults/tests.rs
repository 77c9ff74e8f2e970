use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Levers, Setup, run};
use crate::http::Origin;
use crate::noise::{Known, Noisy, request};
use crate::parity::After;
use crate::plan::{self, Fault, Plan};
use crate::progress::Progress;
use crate::record::faults::{Connections, FaultEvidence};
use crate::record::parity::{Difference, Kind};
use crate::record::{Class, Parity};
use crate::role::{Pair, Role};

/// A service that answers everything with the status that it is told to.
struct Service {
    status: Arc<AtomicU16>,
    origin: Origin,
}

impl Service {
    /// `own` stands in its answers to `GET` beside the status.
    async fn start(own: &str) -> Self {
        let own = own.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let status = Arc::new(AtomicU16::new(200));
        let told = Arc::clone(&status);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (told, own) = (Arc::clone(&told), own.clone());
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    while let Ok(1..) = stream.read(&mut request).await {
                        let status = told.load(Ordering::Relaxed);
                        let own = if request.starts_with(b"GET") { own.as_str() } else { "" };
                        let body = format!("{{\"code\":\"S{status}\"{own}}}");
                        let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n");
                        let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { status, origin: Origin::resolve(&base).await.expect("an origin") }
    }
}

/// Levers that set what the services answer: while the server is stopped, and afterwards.
struct Script {
    services: Pair<Arc<AtomicU16>>,
    stopped: Pair<u16>,
    afterwards: Pair<u16>,
    connections: Pair<Connections>,
    lock: Result<(), String>,
    looks: Vec<String>,
}

impl Script {
    fn say(&self, statuses: Pair<u16>) {
        for role in Role::BOTH {
            self.services.get(role).store(*statuses.get(role), Ordering::Relaxed);
        }
    }
}

impl Levers for Script {
    type Lock = ();
    type Error = std::convert::Infallible;

    fn refuses(&self, fault: Fault) -> Option<String> {
        (fault == Fault::ConnectionsCut).then(|| "there is no way to cut".to_owned())
    }

    async fn lock(&self, _role: Role, _table: &str) -> Result<(), String> {
        self.lock.clone()
    }

    async fn release(&self, (): ()) {}

    fn stall(&self, _role: Role, _stalled: bool) {}

    fn cut(&self, _role: Role) {}

    async fn stop_server(&mut self) -> Result<(), Self::Error> {
        self.say(self.stopped);
        Ok(())
    }

    async fn start_server(&mut self) -> Result<(), Self::Error> {
        self.say(self.afterwards);
        Ok(())
    }

    async fn look(&mut self) -> Pair<Connections> {
        self.connections
    }

    async fn at_rest(&mut self, after: After<'_>) {
        self.looks.push(match after {
            After::Login(_) => "login".to_owned(),
            After::Fault { name, answers, .. } => format!("{name}: {} answers", answers.len()),
            After::Flow { .. } => unreachable!("there are no flows"),
        });
    }
}

const GOOD: Pair<u16> = Pair { baseline: 200, candidate: 200 };

fn plan(inject: &str) -> Plan {
    let text = format!(
        "version: 1\nname: small
sides: {{ baseline: {{ bundled: {{ stack: blocking }} }}, candidate: {{ bundled: {{ stack: async }} }} }}
flows: [ {{ name: browse, steps: [ {{ request: GET /a }} ] }} ]
faults: {{ inject: [{inject}], lock: pupil, recovery: 200ms, probe: [ {{ request: PUT /a }}, {{ request: GET /a }} ] }}\n"
    );
    plan::parse("plan.yaml", &text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Makes the faults of a plan; what a script decides is changed by `set`.
async fn make(inject: &str, set: impl FnOnce(&mut Script)) -> (Vec<FaultEvidence>, Vec<Difference>) {
    make_with(inject, ["", ""], &Known::default(), set).await
}

/// The same where the sides have something of their own to say.
async fn make_with(
    inject: &str,
    [baseline, candidate]: [&str; 2],
    noise: &Known,
    set: impl FnOnce(&mut Script),
) -> (Vec<FaultEvidence>, Vec<Difference>) {
    let services = Pair { baseline: Service::start(baseline).await, candidate: Service::start(candidate).await };
    let statuses = Pair::from_fn(|role| Arc::clone(&services.get(role).status));
    let rest = Connections { used: Some(0), idle: Some(1), max: Some(2), ..Connections::default() };
    let mut script = Script {
        services: statuses,
        stopped: Pair { baseline: 503, candidate: 503 },
        afterwards: GOOD,
        connections: Pair { baseline: rest, candidate: rest },
        lock: Ok(()),
        looks: Vec::new(),
    };
    set(&mut script);
    let plan = plan(inject);
    let origins = services.map(|_, service| service.origin);
    let (mut parity, mut evidence) = (Parity::default(), Vec::new());
    let setup = Setup { plan: &plan, origins: &origins, seed: 1, contract: None, noise };
    let made = run(setup, &mut script, &Progress::silent(), &mut parity, &mut evidence).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    (evidence, parity.differences)
}

#[tokio::test]
async fn equal_answers_and_a_recovery_are_no_difference() {
    let (evidence, differences) = make("database-stopped", |_| ()).await;
    assert_eq!(differences, []);
    let [fault] = &evidence[..] else { panic!("{evidence:#?}") };
    assert!(fault.applied.is_some() && fault.not_applied.is_none(), "{fault:#?}");
    assert_eq!(fault.answers[0].sides.candidate[0].answer, "503 S503");
    assert!(fault.aftermath.candidate.as_ref().is_some_and(|side| side.recovered_ms.is_some()));
}

#[tokio::test]
async fn noise_is_known_of_the_probe_that_was_asked_under_whatever_name_it_is_told() {
    let own = [r#","at":"2026-01-01T00:00:01Z""#, r#","at":"2026-01-01T00:00:02Z""#];
    let (_, differences) = make_with("database-stopped", own, &Known::default(), |_| ()).await;
    let told = |differences: &[Difference]| {
        let open = differences.iter().filter(|found| found.class == Class::Breaking);
        open.map(|found| found.step.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&differences), ["GET /a", "each connection in turn"]);
    let mut noisy = Noisy::default();
    noisy.see_value("\"2026-01-01T00:00:03Z\"");
    let mut known = Known::default();
    known.add(request("GET", "/a"), "$.at".to_owned(), noisy);
    let (_, differences) = make_with("database-stopped", own, &known, |_| ()).await;
    assert_eq!(told(&differences), [""; 0], "{differences:#?}");
}

#[tokio::test]
async fn another_answer_to_a_fault_is_a_difference_under_its_name() {
    let (evidence, differences) = make("database-stopped", |script| script.stopped.candidate = 500).await;
    let statuses: Vec<_> = differences.iter().filter(|found| found.kind == Kind::Status).collect();
    assert_eq!(statuses.len(), 2, "{differences:#?}");
    assert_eq!((&*statuses[0].flow, &*statuses[0].step), ("fault database-stopped", "PUT /a"));
    assert!(evidence[0].breaking >= 2);
}

#[tokio::test]
async fn a_side_that_never_recovers_is_named_and_gets_no_further_fault() {
    let (evidence, differences) =
        make("database-half-open, database-stopped, database-slow", |script| script.say_ill()).await;
    let found = differences.iter().find(|found| found.place == "recovery").expect("a difference");
    assert_eq!((found.kind, &*found.step), (Kind::Aftermath, "afterwards"));
    assert_eq!(found.baseline.as_deref(), Some("answers as before"));
    assert_eq!(found.candidate.as_deref(), Some("no good answer within 200ms: GET /a: 500 S500"));
    let reasons: Vec<_> = evidence.iter().map(|fault| fault.not_applied.as_deref().unwrap_or("made")).collect();
    assert_eq!(reasons[1..], ["a side had not recovered from `database-slow`"; 2]);
}

impl Script {
    fn say_ill(&self) {
        self.say(Pair { baseline: 200, candidate: 500 });
    }
}

#[tokio::test]
async fn a_connection_that_does_not_come_back_is_told_once() {
    let (_, differences) = make("database-slow, database-stopped", |script| {
        script.connections.candidate.used = Some(1);
        script.connections.candidate.sessions = Some(4);
    })
    .await;
    let told: Vec<_> = differences.iter().map(|found| (&*found.flow, &*found.place)).collect();
    let flow = "fault database-slow";
    assert_eq!(told, [(flow, "connections in use at rest"), (flow, "sessions that the pool has lost")]);
    assert_eq!((differences[1].baseline.as_deref(), differences[1].candidate.as_deref()), (Some("0"), Some("2")));
}

#[tokio::test]
async fn a_fault_that_cannot_be_made_or_is_not_felt_says_why() {
    let (evidence, differences) = make("statement-timeout, connections-cut, database-stopped", |script| {
        script.lock = Err("relation \"pupil\" does not exist".to_owned());
        script.stopped = GOOD;
    })
    .await;
    assert_eq!(differences, []);
    let reason = |index: usize| evidence[index].not_applied.clone().expect("a reason");
    assert_eq!(reason(0), "table `pupil` could not be locked: relation \"pupil\" does not exist");
    assert_eq!(reason(1), "there is no way to cut");
    assert_eq!(reason(2), "`PUT /a` was answered as ever without a database");
    assert!(evidence[0].applied.is_none() && evidence[2].applied.is_some());
}
