//! Where things are in the checkout.

use std::path::{Path, PathBuf};

/// The root of the checkout that this build tool was built in.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root").to_path_buf()
}
