//! Questions about the drive, some seven in ten of which are granted.

use std::collections::HashMap;

use graph::{CheckRequest, ObjectRef, Relationship, SubjectRef};

use crate::drive::{Drive, document, person};
use worlds::Random;

/// Whether somebody may view a document.
#[derive(Clone, Debug)]
pub struct Question {
    resource: ObjectRef,
    subject: SubjectRef,
}

impl Question {
    /// As the engine takes it.
    pub fn request(&self) -> CheckRequest<'_> {
        CheckRequest { resource: &self.resource, permission: "view", subject: &self.subject }
    }
}

/// A user who may well see the document: one found by walking from it at random.
struct Walker<'d> {
    drive: Drive,
    /// Some members of each group, by its id.
    members: &'d HashMap<String, Vec<SubjectRef>>,
}

/// So many questions, the same ones every time.
pub fn questions(drive: Drive, count: usize) -> Vec<Question> {
    let mut members: HashMap<String, Vec<SubjectRef>> = HashMap::new();
    let memberships = drive.relationships().take_while(|one| one.resource().object_type() == "group");
    for one in memberships {
        members.entry(one.resource().object_id().to_owned()).or_default().push(one.subject().clone());
    }
    let walker = Walker { drive, members: &members };
    let mut random = Random::new(42);
    (0..count)
        .map(|_| {
            let number = random.below(drive.documents);
            let subject = if random.below(100) < 71 { walker.grantee_above(number, &mut random) } else { None };
            let subject = subject.unwrap_or_else(|| person(random.below(drive.users)));
            Question { resource: document(number), subject }
        })
        .collect()
}

impl Walker<'_> {
    fn grantee_above(&self, number: u64, random: &mut Random) -> Option<SubjectRef> {
        let mut places = vec![self.drive.document(number)];
        let mut folder = Some(self.drive.folder_of_document(number));
        while let Some(number) = folder {
            places.push(self.drive.folder(number));
            folder = Drive::parent_of_folder(number);
        }
        // Each place is as likely as the others, so that grants are found at every depth.
        let start = random.below(places.len() as u64) as usize;
        (0..places.len()).find_map(|step| self.grantee(&places[(start + step) % places.len()], random))
    }

    fn grantee(&self, place: &[Relationship], random: &mut Random) -> Option<SubjectRef> {
        let grants: Vec<&SubjectRef> = place
            .iter()
            .filter(|one| ["owner", "viewer"].contains(&one.relation()) && !one.subject().is_wildcard())
            .map(Relationship::subject)
            .collect();
        let mut grantee = (*grants.get(random.below(grants.len().max(1) as u64) as usize)?).clone();
        while grantee.relation().is_some() {
            let inside = self.members.get(grantee.object().object_id())?;
            grantee = inside[random.below(inside.len() as u64) as usize].clone();
        }
        Some(grantee)
    }
}
