//! Messages over a socket, with descriptors.

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
        SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
        sendmsg, socketpair, sockopt,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
    time::Duration,
};

/// Bytes of the longest message; what may be longer lies in shared memory.
const LONGEST: usize = 16 << 10;
/// Descriptors of one message.
const DESCRIPTORS: usize = 3;

/// One end of a connection that keeps messages apart.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

/// Why no message came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// None yet.
    Nothing,
    /// The other side is gone.
    Closed,
    /// What came is not one of ours.
    Garbage(String),
}

impl Channel {
    /// Two connected ends.
    pub(super) fn pair() -> rustix::io::Result<(Self, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Self(ours), theirs))
    }

    /// The end that a descriptor is.
    pub(super) fn from(end: OwnedFd) -> Self {
        Self(end)
    }

    /// How long `receive` waits.
    pub(super) fn set_patience(&self, patience: Duration) -> rustix::io::Result<()> {
        sockopt::set_socket_timeout(&self.0, sockopt::Timeout::Recv, Some(patience))?;
        sockopt::set_socket_timeout(&self.0, sockopt::Timeout::Send, Some(patience))
    }

    /// Sends a message, with descriptors.
    pub(super) fn send(
        &self,
        message: &impl Serialize,
        with: &[BorrowedFd],
    ) -> Result<(), Silence> {
        let text = serde_json::to_vec(message).map_err(|e| Silence::Garbage(e.to_string()))?;
        if text.len() > LONGEST {
            return Err(Silence::Garbage(format!("a message of {} bytes", text.len())));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !with.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(with));
        }
        loop {
            match sendmsg(&self.0, &[IoSlice::new(&text)], &mut control, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(Silence::Nothing),
                Err(_) => return Err(Silence::Closed),
            }
        }
    }

    /// Waits for a message.
    pub(super) fn receive<T: DeserializeOwned>(&self) -> Result<(T, Vec<OwnedFd>), Silence> {
        self.receive_with(RecvFlags::empty())
    }

    /// A message that is already there.
    pub(super) fn receive_now<T: DeserializeOwned>(&self) -> Result<(T, Vec<OwnedFd>), Silence> {
        self.receive_with(RecvFlags::DONTWAIT)
    }

    fn receive_with<T: DeserializeOwned>(
        &self,
        flags: RecvFlags,
    ) -> Result<(T, Vec<OwnedFd>), Silence> {
        let mut text = [0_u8; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let mut into = [IoSliceMut::new(&mut text)];
            match recvmsg(&self.0, &mut into, &mut control, flags | RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(Silence::Nothing),
                Err(_) => return Err(Silence::Closed),
                Ok(received) => break received,
            }
        };
        let mut with = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                with.extend(descriptors);
            }
        }
        if received.bytes == 0 {
            return Err(Silence::Closed);
        }
        if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
            return Err(Silence::Garbage("a message that is too long".to_owned()));
        }
        let message = serde_json::from_slice(&text[..received.bytes]);
        message.map(|message| (message, with)).map_err(|e| Silence::Garbage(e.to_string()))
    }
}
