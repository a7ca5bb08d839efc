//! What can be asked of the service.

/// What can be asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Route {
    Models,
    Model,
    DeleteModel,
    Chat,
    Completions,
    CreateFile,
    Files,
    File,
    FileContent,
    DeleteFile,
    CreateJob,
    Jobs,
    Job,
    CancelJob,
    JobEvents,
    JobCheckpoints,
    CreateBatch,
    Batches,
    Batch,
    CancelBatch,
    /// Nothing that the service knows.
    Unknown,
}

impl Route {
    /// The route of a path, and the name of the object that it is about.
    pub(super) fn find(method: &str, parts: &[String]) -> (Self, String) {
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let Some(("v1", parts)) = parts.split_first().map(|(first, rest)| (*first, rest)) else {
            return (Self::Unknown, String::new());
        };
        let (route, id) = match parts {
            ["models" | "files", id, ..] | ["batches", id, ..] => (Self::about(method, parts), *id),
            ["fine_tuning", "jobs", id, ..] => (Self::about(method, parts), *id),
            _ => (Self::about(method, parts), ""),
        };
        (route, id.into())
    }

    fn about(method: &str, parts: &[&str]) -> Self {
        match (method, parts) {
            ("GET", ["models"]) => Self::Models,
            ("GET", ["models", _]) => Self::Model,
            ("DELETE", ["models", _]) => Self::DeleteModel,
            ("POST", ["chat", "completions"]) => Self::Chat,
            ("POST", ["completions"]) => Self::Completions,
            ("POST", ["files"]) => Self::CreateFile,
            ("GET", ["files"]) => Self::Files,
            ("GET", ["files", _]) => Self::File,
            ("GET", ["files", _, "content"]) => Self::FileContent,
            ("DELETE", ["files", _]) => Self::DeleteFile,
            ("POST", ["fine_tuning", "jobs"]) => Self::CreateJob,
            ("GET", ["fine_tuning", "jobs"]) => Self::Jobs,
            ("GET", ["fine_tuning", "jobs", _]) => Self::Job,
            ("POST", ["fine_tuning", "jobs", _, "cancel"]) => Self::CancelJob,
            ("GET", ["fine_tuning", "jobs", _, "events"]) => Self::JobEvents,
            ("GET", ["fine_tuning", "jobs", _, "checkpoints"]) => Self::JobCheckpoints,
            ("POST", ["batches"]) => Self::CreateBatch,
            ("GET", ["batches"]) => Self::Batches,
            ("GET", ["batches", _]) => Self::Batch,
            ("POST", ["batches", _, "cancel"]) => Self::CancelBatch,
            _ => Self::Unknown,
        }
    }
}
