//! Files that are nobody else's.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use keepstone_core::SecretBytes;

use crate::error::StoreError;

/// The extension of what is being written.
pub(crate) const UNFINISHED: &str = "unfinished";

/// A login with a large catalog has some 100 KiB.
const LARGEST: u64 = 4 << 20;

/// Makes a directory for us alone, and those above it, where they are missing.
pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    for_us_alone(&mut builder);
    builder.create(path).map_err(failed(path))?;
    let found = fs::metadata(path).map_err(failed(path))?;
    if found.is_dir() { check(path, &found) } else { Err(failed(path)(ErrorKind::NotADirectory.into())) }
}

/// Opens a file, which is made for us alone if it is made, and refuses one that is not.
pub(crate) fn open_private(options: &OpenOptions, path: &Path) -> Result<File, StoreError> {
    let mut options = options.clone();
    unreadable(&mut options);
    let file = options.open(path).map_err(failed(path))?;
    check(path, &file.metadata().map_err(failed(path))?)?;
    Ok(file)
}

/// Reads a file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<SecretBytes>, StoreError> {
    let file = match open_private(OpenOptions::new().read(true), path) {
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let found = file.metadata().map_err(failed(path))?;
    if !found.is_file() || found.len() > LARGEST {
        return Err(failed(path)(ErrorKind::InvalidData.into()));
    }
    // Of just the right size: a buffer that grows leaves copies behind.
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    let done = file.take(found.len()).read_to_end(&mut bytes);
    let bytes = SecretBytes::new(bytes);
    done.map_err(failed(path))?;
    Ok(Some(bytes))
}

/// Puts a file in its place, whole. It is not made to outlive the machine's power: half a login is
/// found out, and worth no wait. Two must not write the same at once; the lock sees to that.
pub(crate) fn write(path: &Path, bytes: &SecretBytes) -> Result<(), StoreError> {
    let unfinished = path.with_extension(UNFINISHED);
    remove(&unfinished)?;
    let mut file = open_private(OpenOptions::new().write(true).create_new(true), &unfinished)?;
    let written = file.write_all(bytes.reveal()).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(failed(path))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(failed(path)(source)),
        _ => Ok(()),
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> StoreError + '_ {
    |source| StoreError::Io { path: path.to_owned(), source }
}

/// Refuses what somebody else has access to, or owns and so could give himself access to.
#[cfg(unix)]
fn check(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if ours && found.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(StoreError::NotPrivate { path: path.to_owned() })
    }
}

#[cfg(not(unix))]
fn check(_: &Path, _: &Metadata) -> Result<(), StoreError> {
    Err(StoreError::Unsupported)
}

#[cfg(unix)]
fn for_us_alone(builder: &mut fs::DirBuilder) {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
}

#[cfg(not(unix))]
fn for_us_alone(_: &mut fs::DirBuilder) {}

#[cfg(unix)]
fn unreadable(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn unreadable(_: &mut OpenOptions) {}
