use crate::{Error, Result};
use pilotbench_plugin_abi as abi;

/// The way back to the host during a call.
///
/// Long work calls [`Control::progress`] or [`Control::check`] often: both return
/// [`Error::Cancelled`] when the host wants the call to end, so that `?` is enough.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    inner: Option<&'a abi::Control>,
}

// SAFETY: the host promises callbacks that may be called from any thread during the call that
// received them, and the lifetime keeps this from outliving that call.
unsafe impl Send for Control<'_> {}
// SAFETY: see above.
unsafe impl Sync for Control<'_> {}

impl<'a> Control<'a> {
    /// A control that goes nowhere, for tests.
    pub fn none() -> Self {
        Self { inner: None }
    }

    #[doc(hidden)]
    pub fn new(inner: &'a abi::Control) -> Self {
        Self { inner: Some(inner) }
    }

    /// Reports the share done, in `[0, 1]`, and a word on what is going on.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the host asked to stop.
    pub fn progress(&self, share: f64, what: &str) -> Result<()> {
        if let Some(control) = self.inner {
            (control.progress)(control.context, share, what.into());
        }
        self.check()
    }

    /// # Errors
    /// [`Error::Cancelled`] when the host asked to stop.
    pub fn check(&self) -> Result<()> {
        match self.inner {
            Some(control) if (control.cancelled)(control.context) => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }

    /// Sends a warning to the host's log.
    pub fn warn(&self, message: &str) {
        if let Some(control) = self.inner {
            (control.log)(control.context, 2, message.into());
        }
    }
}
