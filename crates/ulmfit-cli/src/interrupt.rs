//! Ctrl-C: once to store the run and end, twice to end at once.

use anyhow::Context as _;
use ulmfit::train::Interrupt;

use crate::exit::INTERRUPTED;
use crate::talk::say;

/// Listens for Ctrl-C, and for the wish of the system that the process end; returns the switch that they turn on.
///
/// # Errors
/// If the system does not let the process listen.
pub(crate) fn listen() -> anyhow::Result<Interrupt> {
    let interrupt = Interrupt::default();
    let switch = interrupt.clone();
    // The handler runs in a thread of its own: it may write.
    let handler = move || {
        if switch.request() {
            say("ended; what was stored before is whole");
            std::process::exit(i32::from(INTERRUPTED));
        }
        say("storing the run at its next step; once more to end at once");
    };
    ctrlc::set_handler(handler).context("listening for Ctrl-C")?;
    Ok(interrupt)
}
