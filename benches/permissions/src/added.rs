//! What the chassis adds to bare tonic: the same empty calls on two ports of one process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use bench_machine::{Measured, Process, Spread, Void, heading, measured, row};
use testing::spans::Collector;

use crate::calls::Kind;
use crate::empty::TENANT;
use crate::load::Load;
use crate::target::{Reach, Shown, Target};
use crate::workload::Workload;

/// Documents are asked about that nobody looks up.
const RELATIONSHIPS: u64 = 10_000;

/// How long each is called before anything counts.
const WARMING: Duration = Duration::from_millis(500);

/// The process that serves empty calls. It ends when what holds its input does.
#[derive(Debug)]
struct Served {
    child: Child,
    _input: ChildStdin,
    /// What it says of itself.
    said: Vec<String>,
}

impl Served {
    fn start(spans_port: Option<u16>) -> Result<Self, Void> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("--serve-empty");
        if let Some(port) = spans_port {
            command.args(["--spans-port", &port.to_string()]);
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| error.to_string())?;
        let input = child.stdin.take().ok_or("the process has no input")?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("the process has no output")?;
        BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
        let said: Vec<String> = line.trim_end().split('\t').map(str::to_owned).collect();
        if said.len() == 7 { Ok(Self { child, _input: input, said }) } else { Err(format!("it says only {line:?}")) }
    }

    fn processes(&self) -> Vec<Process> {
        vec![Process { name: "server".to_owned(), id: self.child.id() }]
    }

    fn stop(self) -> Result<(), Void> {
        let Self { mut child, _input: input, .. } = self;
        drop(input);
        child.wait().map(drop).map_err(|error| error.to_string())
    }
}

/// Each way has its turn in every round, bare tonic first.
pub(crate) async fn by_chassis(
    rounds: usize,
    time: Duration,
    in_flight: usize,
    connections: usize,
) -> Result<(), Void> {
    let collector = Collector::begin(0).map_err(|error| error.to_string())?;
    let (served, traced) = (Served::start(None)?, Served::start(Some(collector.port()))?);
    let [through, bare, one_a_core, ca, certificate, key, token] = &served.said[..] else {
        return Err("it says where it serves".to_owned());
    };
    let [tracing, _, _, tracing_ca, tracing_certificate, tracing_key, tracing_token] = &traced.said[..] else {
        return Err("it says where it serves".to_owned());
    };
    let (processes, processes_traced) = (served.processes(), traced.processes());
    let workload = Arc::new(Workload::new(RELATIONSHIPS, 10_000)?);
    let connect_to = async |address: &str, ca: &str, processes: &[Process], identity, shown: Shown| {
        let reach = Reach { address, ca: Some(Path::new(ca)), identity };
        let connections = reach.connect(connections, &shown).await?;
        let target = Target {
            connections,
            as_gate: Vec::new(),
            schemas: None,
            other: None,
            stormer: None,
            processes: processes.to_vec(),
            is_ours: true,
        };
        Ok::<_, Void>(Load { target, workload: Arc::clone(&workload), in_flight, next: Arc::new(AtomicUsize::new(0)) })
    };
    let connect = async |address: &str, identity, shown| connect_to(address, ca, &processes, identity, shown).await;
    let connect_traced =
        async |identity, shown| connect_to(tracing, tracing_ca, &processes_traced, identity, shown).await;
    let gate = Some((Path::new(certificate), Path::new(key)));
    let gate_traced = Some((Path::new(tracing_certificate), Path::new(tracing_key)));
    let ways = [
        ("bare tonic, health", Kind::Health, connect(bare, None, Shown::token("")?).await?),
        ("chassis, health", Kind::Health, connect(through, None, Shown::token("")?).await?),
        ("bare tonic, empty", Kind::Nothing, connect(bare, None, Shown::token(token)?).await?),
        ("bare tonic, one runtime a core", Kind::Nothing, connect(one_a_core, None, Shown::token(token)?).await?),
        ("chassis, as gate", Kind::Nothing, connect(through, gate, Shown::tenant(TENANT)).await?),
        ("chassis, with token", Kind::Nothing, connect(through, None, Shown::token(token)?).await?),
        ("chassis, as gate, 1 % traced", Kind::Nothing, connect_traced(gate_traced, Shown::tenant(TENANT)).await?),
        ("chassis, with token, 1 % traced", Kind::Nothing, connect_traced(None, Shown::token(tracing_token)?).await?),
    ];
    let mut all: Vec<Vec<Measured>> = ways.iter().map(|_| Vec::new()).collect();
    for (name, kind, load) in &ways {
        load.closed(*kind, WARMING).await.map_err(|void| format!("{name}: {void}"))?;
    }
    for _ in 0..rounds {
        for ((name, kind, load), runs) in ways.iter().zip(&mut all) {
            let run = measured(&load.target.processes, load.closed(*kind, time)).await;
            runs.push(run.map_err(|void| format!("{name}: {void}"))?);
        }
    }
    println!(
        "\nempty calls through the chassis and by bare tonic, {in_flight} in flight, {rounds} rounds; CPU in µs a call"
    );
    heading(&processes, &["+ bare"]);
    for ((name, kind, _), runs) in ways.iter().zip(&all) {
        let bare = if *kind == Kind::Health { &all[0] } else { &all[2] };
        let of_server = |run: &Measured| run.cpu_microseconds.first().copied().unwrap_or(f64::NAN);
        let more = runs.iter().zip(bare).map(|(run, bare)| of_server(run) - of_server(bare));
        row(name, runs, processes.len(), &[Spread::of(more)]);
    }
    drop(ways);
    println!("spans that arrived: {}", collector.kept().all().len());
    served.stop()?;
    traced.stop()
}
