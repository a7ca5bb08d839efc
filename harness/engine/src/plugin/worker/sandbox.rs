//! What a worker may use. All of it is set before any code of the plugin runs.

use crate::fault::{Fault, Result};
use landlock::{
    ABI, Access, AccessFs, LandlockStatus, PathBeneath, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use serde::{Deserialize, Serialize};
use std::{os::fd::OwnedFd, path::PathBuf};

/// Whether plugins are shut in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sandbox {
    /// A plugin that cannot be shut in whole does not run.
    Require,
    /// As far as the kernel can; what was achieved is recorded.
    #[default]
    BestEffort,
    /// Not at all.
    Off,
}

/// What one worker may use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Limits {
    pub(super) sandbox: Sandbox,
    /// Files and folders.
    pub(super) read: Vec<PathBuf>,
    pub(super) write: Vec<PathBuf>,
    pub(super) network: bool,
    pub(super) programs: bool,
    /// Bytes of address space; no limit: `None`.
    pub(super) memory: Option<u64>,
}

/// What everybody may read: libraries, programs, and what threads and allocators ask the system.
const SYSTEM: &[&str] = &[
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/opt",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
];
/// What everybody may write to.
const NOWHERE: &[&str] = &["/dev/null"];
/// Open files of a worker.
const FILES: u64 = 1024;
/// What the restrictions on files are made of; later kernels add to it, earlier ones lack some.
const RULES: ABI = ABI::V6;

/// The rule that a file may be read.
fn beneath(file: &OwnedFd) -> std::result::Result<PathBeneath<&OwnedFd>, RulesetError> {
    Ok(PathBeneath::new(file, AccessFs::ReadFile))
}

impl Limits {
    /// What a process may use that reads what it is sent, and nothing else.
    pub(super) fn of_reader(sandbox: Sandbox, memory: Option<u64>) -> Self {
        let (read, write) = (Vec::new(), Vec::new());
        Self { sandbox, read, write, network: false, programs: false, memory }
    }

    /// Applies everything to this process, which will load this file, if any; says what was
    /// achieved.
    pub(super) fn apply(&self, plugin: Option<&OwnedFd>) -> Result<String> {
        let fault = |e: &dyn std::fmt::Display| Fault::plugin("worker", format!("limits: {e}"));
        // A worker whose host is gone has nobody to work for.
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| fault(&e))?;
        let limit = |resource, most| {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
        };
        limit(Resource::Core, 0).map_err(|e| fault(&e))?;
        limit(Resource::Nofile, FILES).map_err(|e| fault(&e))?;
        if let Some(memory) = self.memory {
            limit(Resource::As, memory).map_err(|e| fault(&e))?;
        }
        match self.sandbox {
            Sandbox::Off => Ok("process".to_owned()),
            wanted => self.shut_in(wanted, plugin),
        }
    }

    fn shut_in(&self, wanted: Sandbox, plugin: Option<&OwnedFd>) -> Result<String> {
        let files = self.restrict_files(plugin);
        let calls = self.restrict_calls();
        let whole = matches!(files, Ok((RulesetStatus::FullyEnforced, _))) && calls.is_ok();
        if wanted == Sandbox::Require && !whole {
            let why = match (&files, &calls) {
                (Err(e), _) | (_, Err(e)) => e.clone(),
                (Ok((status, _)), Ok(())) => format!("files are {status:?}"),
            };
            let fault = Fault::plugin("worker", format!("the sandbox cannot be set up: {why}"));
            return Err(fault.hint("with `--sandbox best-effort` it runs with what there is"));
        }
        let files = match files {
            Ok((RulesetStatus::NotEnforced, _)) | Err(_) => String::new(),
            Ok((_, abi)) => format!(", landlock {abi}"),
        };
        let calls = if calls.is_ok() { ", seccomp" } else { "" };
        Ok(format!("process{files}{calls}"))
    }

    fn restrict_files(
        &self,
        plugin: Option<&OwnedFd>,
    ) -> std::result::Result<(RulesetStatus, String), String> {
        let read = SYSTEM.iter().map(PathBuf::from).chain(self.read.iter().cloned());
        let write = NOWHERE.iter().map(PathBuf::from).chain(self.write.iter().cloned());
        let rules = Ruleset::default()
            .handle_access(AccessFs::from_all(RULES))
            .and_then(|rules| rules.scope(Scope::from_all(RULES)))
            .and_then(Ruleset::create)
            .and_then(|rules| rules.add_rules(path_beneath_rules(read, AccessFs::from_read(RULES))))
            .and_then(|rules| rules.add_rules(path_beneath_rules(write, AccessFs::from_all(RULES))))
            .and_then(|rules| rules.add_rules(plugin.into_iter().map(beneath)))
            .and_then(|rules| rules.restrict_self());
        let status = rules.map_err(|e| e.to_string())?;
        let abi = match status.landlock {
            LandlockStatus::Available { effective_abi, .. } => (effective_abi as i32).to_string(),
            _ => String::new(),
        };
        Ok((status.ruleset, abi))
    }

    fn restrict_calls(&self) -> std::result::Result<(), String> {
        let mut refused = REFUSED.to_vec();
        if !self.network {
            // Also to sockets in the file system: a session bus or a container daemon listens there.
            refused.push(libc::SYS_socket);
        }
        if !self.programs {
            refused.extend([libc::SYS_execve, libc::SYS_execveat]);
        }
        let rules = refused.into_iter().map(|call| (call, Vec::new())).collect();
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|e| e.to_string())?;
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch);
        let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(|e| e.to_string())?;
        seccompiler::apply_filter(&program).map_err(|e| e.to_string())
    }
}

/// How far a worker can be shut in on this machine, as manifests record it. Tried on a thread of its
/// own, which the restrictions end with.
///
/// # Errors
/// When it cannot be shut in whole.
pub fn sandbox_here() -> Result<String> {
    let fault = |e: &dyn std::fmt::Display| Fault::plugin("worker", e);
    let executable = std::env::current_exe().map_err(|e| fault(&e))?;
    let file = std::fs::File::open(executable).map_err(|e| fault(&e))?.into();
    let limits = Limits {
        sandbox: Sandbox::Require,
        read: Vec::new(),
        write: Vec::new(),
        network: false,
        programs: false,
        memory: None,
    };
    let tried = std::thread::spawn(move || limits.shut_in(Sandbox::Require, Some(&file)));
    tried.join().map_err(|_| fault(&"the sandbox cannot be tried"))?
}

/// Never needed for answering or scoring, and ways out: other processes' memory, mounts, kernel
/// modules, keys, namespaces, and rings that make calls of their own.
const REFUSED: [libc::c_long; 21] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_quotactl,
];
