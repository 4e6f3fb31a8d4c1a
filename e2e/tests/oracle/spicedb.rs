//! SpiceDB, loaded by a Python process that passes messages on as they are.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use contract::authzed::api::v1::{
    CheckBulkPermissionsRequest, CheckBulkPermissionsResponse, CheckPermissionRequest, CheckPermissionResponse,
    ExpandPermissionTreeRequest, ExpandPermissionTreeResponse, ReadRelationshipsRequest, ReadRelationshipsResponse,
    ReadSchemaRequest, ReadSchemaResponse, WriteRelationshipsRequest, WriteRelationshipsResponse, WriteSchemaRequest,
    WriteSchemaResponse,
};
use prost::Message;
use testing::parts;
use tonic::Code;

use crate::answers::{Refusal, code_named};

const BRIDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/spicedb_oracle.py");

/// How long it may take over a message. Where a question leads round in circles it would try every way round fifty times.
const ANSWER_SECONDS_MAX: u64 = 5;

/// One SpiceDB with nothing but its memory. It ends with this.
#[derive(Debug)]
pub(crate) struct SpiceDb {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<(u8, Vec<u8>)>,
    /// It was ended since it took too long, and has no answers until it begins anew.
    is_stuck: bool,
}

impl SpiceDb {
    pub(crate) fn start() -> Self {
        let mut say = |line: &str| eprintln!("{line}");
        let library = parts::spicedb(&mut say).unwrap();
        let client = parts::python_client(&mut say).unwrap();
        let mut process = Command::new("python3")
            .arg(BRIDGE)
            .arg(library)
            .env("PYTHONPATH", client)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (requests, mut output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (send, answers) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(answer) = next_answer(&mut output) {
                if send.send(answer).is_err() {
                    break;
                }
            }
        });
        Self { process, requests, answers, is_stuck: false }
    }

    /// Forgets everything.
    pub(crate) fn begin(&mut self) {
        if self.is_stuck {
            *self = Self::start();
        }
        self.raw(b'N', &[]).unwrap();
    }

    /// Whether it took too long over something, and has no answers any more.
    pub(crate) fn is_stuck(&self) -> bool {
        self.is_stuck
    }

    pub(crate) fn write_schema(&mut self, request: &WriteSchemaRequest) -> Result<WriteSchemaResponse, Refusal> {
        self.unary(b'S', request)
    }

    pub(crate) fn read_schema(&mut self) -> Result<ReadSchemaResponse, Refusal> {
        self.unary(b'R', &ReadSchemaRequest {})
    }

    pub(crate) fn write(&mut self, request: &WriteRelationshipsRequest) -> Result<WriteRelationshipsResponse, Refusal> {
        self.unary(b'W', request)
    }

    pub(crate) fn check(&mut self, request: &CheckPermissionRequest) -> Result<CheckPermissionResponse, Refusal> {
        self.unary(b'C', request)
    }

    pub(crate) fn check_bulk(
        &mut self,
        request: &CheckBulkPermissionsRequest,
    ) -> Result<CheckBulkPermissionsResponse, Refusal> {
        self.unary(b'B', request)
    }

    pub(crate) fn expand(
        &mut self,
        request: &ExpandPermissionTreeRequest,
    ) -> Result<ExpandPermissionTreeResponse, Refusal> {
        self.unary(b'E', request)
    }

    pub(crate) fn read(
        &mut self,
        request: &ReadRelationshipsRequest,
    ) -> Result<Vec<ReadRelationshipsResponse>, Refusal> {
        let raw = self.raw(b'L', &request.encode_to_vec())?;
        let mut rest = raw.as_slice();
        let mut all = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (message, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            all.push(ReadRelationshipsResponse::decode(message).unwrap());
            rest = after;
        }
        Ok(all)
    }

    fn unary<Answer: Message + Default>(&mut self, letter: u8, request: &impl Message) -> Result<Answer, Refusal> {
        Ok(Answer::decode(self.raw(letter, &request.encode_to_vec())?.as_slice()).unwrap())
    }

    fn raw(&mut self, letter: u8, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let stuck = || Refusal { code: Code::DeadlineExceeded, message: "it took too long".to_owned() };
        if self.is_stuck {
            return Err(stuck());
        }
        let mut request = vec![letter];
        request.extend(u32::try_from(message.len()).unwrap().to_le_bytes());
        request.extend(message);
        self.requests.write_all(&request).unwrap();
        self.requests.flush().unwrap();
        // Loading the library takes its time too.
        let limit = if letter == b'N' { 60 } else { ANSWER_SECONDS_MAX };
        match self.answers.recv_timeout(Duration::from_secs(limit)) {
            Ok((0, answer)) => Ok(answer),
            Ok((_, error)) => Err(refusal(&String::from_utf8_lossy(&error))),
            Err(RecvTimeoutError::Timeout) => {
                self.is_stuck = true;
                let _ = self.process.kill();
                Err(stuck())
            }
            Err(RecvTimeoutError::Disconnected) => panic!("SpiceDB's process has ended"),
        }
    }
}

fn next_answer(output: &mut ChildStdout) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    output.read_exact(&mut head).ok()?;
    let [outcome, length @ ..] = head;
    let mut answer = vec![0; u32::from_le_bytes(length) as usize];
    output.read_exact(&mut answer).ok()?;
    Some((outcome, answer))
}

impl Drop for SpiceDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What Go writes of a status: `rpc error: code = NAME desc = TEXT`.
fn refusal(text: &str) -> Refusal {
    let described = text.strip_prefix("rpc error: code = ").and_then(|rest| rest.split_once(" desc = "));
    let (name, message) = described.unwrap_or(("Unknown", text));
    Refusal { code: code_named(name), message: message.to_owned() }
}
