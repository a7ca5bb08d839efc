use crate::{Error, Result, abi::Res};
use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

thread_local! {
    /// How many guards are active on this thread: the hook stays silent only inside one.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs an author's function and turns a panic into a typed error with file and line.
///
/// Each library has its own copy of std and so its own panic hook: only code inside the plugin can
/// catch a panic of the plugin.
pub fn guard<T>(run: impl FnOnce() -> Result<T>) -> Res<T> {
    install_hook_once();
    DEPTH.set(DEPTH.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    DEPTH.set(DEPTH.get() - 1);
    match outcome {
        Ok(Ok(value)) => Res::ROk(value),
        Ok(Err(error)) => Res::RErr(error.into()),
        Err(payload) => {
            let message = message_of(payload);
            let at = PLACE.take();
            Res::RErr(Error::Panicked { message, at }.into())
        }
    }
}

fn install_hook_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                return earlier(info);
            }
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            PLACE.set(place);
        }));
    });
}

/// The text of a panic. A payload of another type is forgotten, since its `Drop` may panic again.
fn message_of(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(payload) => {
                std::mem::forget(payload);
                "a panic without text".to_owned()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }

    fn caught(run: impl FnOnce() -> Result<()>) -> crate::abi::PluginError {
        match guard(run) {
            Res::RErr(error) => error,
            Res::ROk(()) => panic!("no error"),
        }
    }

    #[test]
    fn panics_become_errors_with_message_and_place() {
        let error = caught(|| panic!("boom {}", 7));
        assert_eq!(error.message.as_str(), "boom 7");
        assert!(error.detail.contains("guard.rs:"), "{}", error.detail);
        assert_eq!(caught(|| panic!("static")).message.as_str(), "static");
    }

    #[test]
    fn a_payload_whose_drop_panics_is_forgotten() {
        let error = caught(|| std::panic::panic_any(Bomb));
        assert_eq!(error.message.as_str(), "a panic without text");
    }
}
