//! Asking the processor for memory before it is needed.

/// Brings the cache line of `items[index]` nearer, if there is such an item. It changes nothing but time.
#[inline]
pub(super) fn prefetch<T>(items: &[T], index: usize) {
    let Some(item) = items.get(index) else { return };
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of SSE, which every x86_64 has; it reads no memory that the program could see
        // and never faults, and the address is that of a live reference besides.
        unsafe { _mm_prefetch(std::ptr::from_ref(item).cast::<i8>(), _MM_HINT_T0) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = item;
}
