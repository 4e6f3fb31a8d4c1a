//! Where the files lie: a folder, or a bucket that speaks S3.

use std::fmt::{self, Formatter};
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use uuid::Uuid;

use crate::domain::revision::Point;

/// What a file's name ends with.
const ENDING: &str = ".graph";

/// The place.
#[derive(Clone)]
pub(crate) struct Place {
    store: Arc<dyn ObjectStore>,
    within: Path,
}

/// A file, by what its name says it is of. Sorted by revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stored {
    pub(super) number: u64,
    pub(super) epoch: Uuid,
}

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// It is none.
    #[error("snapshot_store: `{0}` is neither a folder's absolute path nor s3://bucket/prefix")]
    Unknown(String),
    /// It cannot be opened.
    #[error("snapshot_store")]
    Store(#[from] object_store::Error),
    /// The folder cannot be made.
    #[error("snapshot_store: the folder cannot be made")]
    Folder(#[from] std::io::Error),
}

impl Place {
    /// Opens a folder by its absolute path, which is made if it is not there, or `s3://bucket/prefix`. Keys, region and
    /// endpoint of S3 are those of the `AWS_…` variables.
    pub(crate) fn open(name: &str) -> Result<Self, PlaceError> {
        if let Some(rest) = name.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(PlaceError::Unknown(name.to_owned()));
            }
            let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build()?;
            return Ok(Self { store: Arc::new(store), within: Path::from(prefix) });
        }
        if !name.starts_with('/') {
            return Err(PlaceError::Unknown(name.to_owned()));
        }
        std::fs::create_dir_all(name)?;
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(name)?), within: Path::default() })
    }

    pub(super) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    pub(super) fn path(&self, stored: &Stored) -> Path {
        // All digits, so that names sort as numbers do.
        self.within.clone().join(format!("{:020}-{}{ENDING}", stored.number, stored.epoch))
    }

    /// All files, the oldest first.
    pub(super) async fn list(&self) -> Result<Vec<Stored>, object_store::Error> {
        let all: Vec<_> = self.store.list(Some(&self.within)).try_collect().await?;
        let mut stored: Vec<Stored> = all.iter().filter_map(|file| Stored::read(file.location.filename()?)).collect();
        stored.sort_unstable();
        Ok(stored)
    }

    pub(super) async fn delete(&self, stored: &Stored) -> Result<(), object_store::Error> {
        match self.store.delete(&self.path(stored)).await {
            // Another replica was faster.
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            deleted => deleted,
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Place").field("store", &self.store.to_string()).field("within", &self.within).finish()
    }
}

impl Stored {
    /// The file of a point of the history.
    pub(super) fn of(point: &Point) -> Self {
        Self { number: point.number, epoch: point.epoch }
    }

    fn read(name: &str) -> Option<Self> {
        let (number, epoch) = name.strip_suffix(ENDING)?.split_once('-')?;
        Some(Self { number: number.parse().ok()?, epoch: epoch.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket_and_nothing_else() {
        for bad in ["", "relative/folder", "s3://", "gs://bucket", "http://example.test"] {
            assert!(matches!(Place::open(bad), Err(PlaceError::Unknown(_))), "{bad}");
        }
    }

    #[test]
    fn a_file_is_known_by_its_name() {
        let stored = Stored { number: 42, epoch: Uuid::from_u128(7) };
        let place = Place { store: Arc::new(LocalFileSystem::new()), within: Path::from("a/b") };
        let path = place.path(&stored);
        assert!(path.as_ref().starts_with("a/b/00000000000000000042-"));
        assert_eq!(Stored::read(path.filename().unwrap()), Some(stored));
        for other in ["", "x.graph", "1-2.graph", "00000000000000000042-.graph", "notes.txt"] {
            assert_eq!(Stored::read(other), None, "{other}");
        }
    }
}
