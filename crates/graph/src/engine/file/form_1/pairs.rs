//! The relationships of one table.

use super::super::FileError;
use super::super::block::{Blocks, Kind};

/// Reads so many pairs (resource, subject), which have to ascend and to be numbers of ids that there are.
pub(super) fn read(
    blocks: &mut dyn Blocks,
    resources: usize,
    subjects: usize,
    count: usize,
) -> Result<Vec<(u32, u32)>, FileError> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    // One above the last pair as one number.
    let mut least = 0_u64;
    while pairs.len() < count {
        let fields = blocks.expect(Kind::Pairs)?;
        let (numbers, rest) = fields.rest.as_chunks::<4>();
        let here = numbers.len() / 2;
        if !rest.is_empty() || numbers.len() % 2 == 1 || here == 0 || here > count - pairs.len() {
            let problem = format!("{} bytes come where {} pairs are left", fields.rest.len(), count - pairs.len());
            return Err(fields.damaged(problem));
        }
        let (left, right) = numbers.split_at(here);
        for (resource, subject) in left.iter().zip(right) {
            let (resource, subject) = (u32::from_le_bytes(*resource), u32::from_le_bytes(*subject));
            let pair = u64::from(resource) << 32 | u64::from(subject);
            if resource as usize >= resources || subject as usize >= subjects || pair < least {
                let problem =
                    format!("({resource}, {subject}) comes after all below {least:#x}, of {resources} by {subjects}");
                return Err(fields.damaged(problem));
            }
            least = pair + 1;
            pairs.push((resource, subject));
        }
    }
    Ok(pairs)
}
