//! A backend that does to its process what no plugin should.

use pilotbench_plugin_sdk::prelude::*;
use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum How {
    Segfault,
    Abort,
    StackOverflow,
    /// Asks for more memory than there can be.
    HugeAllocation,
    /// Takes memory until there is none.
    ExhaustMemory,
    ExitZero,
    ExitOne,
    Killed,
    /// Never looks whether it should stop.
    Hang,
    /// Looks, and stops.
    HangPolitely,
    /// Prints 10 MB to each of stdout and stderr, then goes on.
    Print,
    /// Points standard input, output and error nowhere, then goes on.
    CloseStandard,
    /// Goes to another folder and changes the file mode mask, then goes on.
    MoveAround,
    PanicWithNumber,
    /// The payload of the panic panics when it is dropped.
    PanicWithBomb,
    /// Panics while it unwinds.
    DoublePanic,
    /// A thread of its own panics, another outlives everything; then goes on.
    Threads,
    /// Reads the file named by `path`; an error tells what came of it.
    Read,
    /// Writes the file named by `path`.
    Write,
    /// Connects to the address named by `path`.
    Connect,
    /// Starts the program named by `path`.
    Start,
    /// Tells the environment variable named by `path`.
    Variable,
}

/// When to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum At {
    Open,
    Adapt,
    Respond,
    Usage,
    /// When what was learned is dropped.
    Release,
    /// When the backend itself is dropped.
    Drop,
}

/// Settings of [`Crash`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashConfig {
    /// What to do.
    pub how: How,
    /// When to do it.
    pub at: At,
    /// Only in replicates whose seed is odd: about half of them.
    #[serde(default)]
    pub sometimes: bool,
    /// A file, address or program.
    #[serde(default)]
    pub path: String,
}

/// A backend that answers like `uniform` until it does what it was told.
pub struct Crash(CrashConfig);

/// What [`Crash`] learns: whether this replicate is one of those.
pub struct Learned {
    is_chosen: bool,
    config: CrashConfig,
}

impl Drop for Learned {
    fn drop(&mut self) {
        if self.is_chosen && self.config.at == At::Release {
            // An error has nowhere to go.
            let _ = act(&self.config, &Control::none());
        }
    }
}

impl Drop for Crash {
    fn drop(&mut self) {
        if self.0.at == At::Drop {
            let _ = act(&self.0, &Control::none());
        }
    }
}

impl Backend for Crash {
    const NAME: &'static str = "crash";
    type Config = CrashConfig;
    type Adapted = Learned;

    fn describe() -> BackendInfo {
        assert!(std::env::var_os("PILOTBENCH_TESTKIT_DESCRIBE").is_none(), "told to panic");
        BackendInfo::new("crashes, hangs or reaches out as told")
    }

    fn open(config: CrashConfig) -> Result<Self> {
        if config.at == At::Open {
            act(&config, &Control::none())?;
        }
        Ok(Self(config))
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Learned> {
        let is_chosen = !self.0.sometimes || pilot.seed % 2 == 1;
        if is_chosen && self.0.at == At::Adapt {
            act(&self.0, control)?;
        }
        Ok(Learned { is_chosen, config: self.0.clone() })
    }

    fn respond(
        &self,
        learned: &Learned,
        asked: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        if learned.is_chosen && self.0.at == At::Respond {
            act(&self.0, control)?;
        }
        for row in 0..asked.len() {
            let levels = asked.item(row).levels.len();
            answers.probabilities(asked.request_id(row), &vec![1.0 / levels as f64; levels]);
        }
        Ok(())
    }

    fn usage(&self) -> Usage {
        if self.0.at == At::Usage {
            let _ = act(&self.0, &Control::none());
        }
        Usage::default()
    }
}

/// Does it.
fn act(config: &CrashConfig, control: &Control) -> Result<()> {
    match config.how {
        How::Segfault => signal(rustix::process::Signal::SEGV),
        How::Killed => signal(rustix::process::Signal::KILL),
        How::Abort => std::process::abort(),
        How::ExitZero => std::process::exit(0),
        How::ExitOne => std::process::exit(1),
        How::StackOverflow => overflow(0),
        How::HugeAllocation => drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 46))),
        How::ExhaustMemory => exhaust(),
        How::Hang => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        How::HangPolitely => loop {
            std::thread::sleep(Duration::from_millis(10));
            control.check()?;
        },
        How::PanicWithNumber => std::panic::panic_any(42_i32),
        How::PanicWithBomb => std::panic::panic_any(Bomb),
        How::DoublePanic => {
            let _bomb = Bomb;
            panic!("the first panic");
        }
        How::Print | How::CloseStandard | How::MoveAround | How::Threads => disturb(config.how)?,
        How::Read | How::Write | How::Connect | How::Start | How::Variable => {
            let outcome = reach_out(config);
            return Err(Error::External { message: outcome, retry_after_ms: 0 });
        }
    }
    Ok(())
}

/// Sends this process a signal, until it works: the first one may be caught.
fn signal(signal: rustix::process::Signal) {
    for _ in 0..3 {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[expect(unconditional_recursion, reason = "told to")]
fn overflow(depth: u64) {
    let page = std::hint::black_box([depth; 512]);
    overflow(page[0] + 1);
    std::hint::black_box(page);
}

fn exhaust() {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(std::hint::black_box(vec![1; 16 << 20]));
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a panic in a drop");
    }
}

fn disturb(how: How) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| Error::Computation(e.to_string());
    match how {
        How::Print => {
            let block = [b'x'; 1 << 20];
            for _ in 0..10 {
                std::io::stdout().write_all(&block).map_err(|e| failed(&e))?;
                std::io::stderr().write_all(&block).map_err(|e| failed(&e))?;
            }
        }
        How::CloseStandard => {
            let null = std::fs::File::options().read(true).write(true).open("/dev/null");
            let null = null.map_err(|e| failed(&e))?;
            rustix::stdio::dup2_stdin(&null).map_err(|e| failed(&e))?;
            rustix::stdio::dup2_stdout(&null).map_err(|e| failed(&e))?;
            rustix::stdio::dup2_stderr(&null).map_err(|e| failed(&e))?;
        }
        How::MoveAround => {
            std::env::set_current_dir("/usr").map_err(|e| failed(&e))?;
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777));
        }
        _ => {
            let panics = std::thread::spawn(|| panic!("a thread of the plugin panics"));
            let _ = panics.join();
            std::thread::spawn(|| std::thread::sleep(Duration::from_secs(600)));
        }
    }
    Ok(())
}

/// Tries to get out of the worker; says what came of it.
fn reach_out(config: &CrashConfig) -> String {
    // Behind a word that hides it, a path is not one that the settings name.
    let path = config.path.strip_prefix("hidden:").unwrap_or(&config.path);
    let outcome = match config.how {
        How::Read => std::fs::read(path).map(|bytes| format!("{} bytes", bytes.len())),
        How::Write => std::fs::write(path, "x").map(|()| "written".to_owned()),
        How::Start => Command::new(path).output().map(|output| output.status.to_string()),
        How::Variable => return format!("{path} is {:?}", std::env::var_os(path)),
        _ => {
            let timeout = Duration::from_secs(1);
            match path.parse::<SocketAddr>() {
                Ok(address) => {
                    TcpStream::connect_timeout(&address, timeout).map(|_| "connected".to_owned())
                }
                Err(e) => return e.to_string(),
            }
        }
    };
    match outcome {
        Ok(what) => format!("reached out: {what}"),
        Err(e) => format!("was kept in: {e}"),
    }
}
