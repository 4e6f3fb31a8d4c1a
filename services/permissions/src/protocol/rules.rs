//! What the model can be told to do differently: mostly what is left out, to see that it matters.

/// Without a word, the service as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Writers read what is there in the statement that locks the head: with its snapshot, from before the lock was had.
    pub(super) reads_before_lock: bool,
    /// Writers read the head without locking it.
    pub(super) takes_no_lock: bool,
    /// Replicas take what they read for the history, whatever its digest.
    pub(super) skips_digest: bool,
    /// Replicas take a head behind what they applied for an old one, and wait.
    pub(super) waits_for_head_behind: bool,
    /// Who finds that commits were lost loads them again, and tells nobody.
    pub(super) renews_no_epoch: bool,
    /// Not left out: replicas read one revision at a time, by its mark, as they do when they are far behind.
    pub(super) strides: bool,
    /// They read the mark at another moment than the epoch that they take it to be of.
    pub(super) strides_over_time: bool,
    /// Replicas that load read the head and the rows at two moments.
    pub(super) loads_over_time: bool,
    /// Revisions are compared by their numbers alone.
    pub(super) compares_no_epoch: bool,
    /// The operator restores without a new epoch.
    pub(super) restores_silently: bool,
    /// Writes are acknowledged before they are committed.
    pub(super) answers_before_commit: bool,
    /// Revisions are compared without the lineages of their histories.
    pub(super) compares_no_history: bool,
    /// Not left out: replicas have no room for more lineages than the newest, and ask the database about all others.
    pub(super) forgets_lineages: bool,
    /// They ask it without making sure that what they applied is of its history.
    pub(super) inquires_blindly: bool,
    /// A fully consistent call is answered by who is ahead of the head that was read for it.
    pub(super) answers_ahead_of_head: bool,
    /// Replicas answer from what they had until something else is loaded.
    pub(super) answers_while_loading: bool,
    /// Replicas answer from a file before they have followed its history to the database's.
    pub(super) answers_from_any_file: bool,
}

impl Rules {
    pub(super) const NONE: Self = Self {
        reads_before_lock: false,
        takes_no_lock: false,
        skips_digest: false,
        waits_for_head_behind: false,
        renews_no_epoch: false,
        strides: false,
        strides_over_time: false,
        loads_over_time: false,
        compares_no_epoch: false,
        restores_silently: false,
        answers_before_commit: false,
        compares_no_history: false,
        forgets_lineages: false,
        inquires_blindly: false,
        answers_ahead_of_head: false,
        answers_while_loading: false,
        answers_from_any_file: false,
    };
}
