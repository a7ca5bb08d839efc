//! The workbench: one open backend, and what its checks share.

use super::reply::Reply;
use crate::{
    checks::{Options, Stop, during, failed, skipped},
    subject::{self, BackendSubject, Class, OpenBackend, Quiet},
    world::{self, Asked, Person, Random, World},
};
use arrow_array::RecordBatch;
use serde::Deserialize;
use std::{cell::OnceCell, sync::Arc};

/// People asked in an ordinary interview.
pub(super) const ASKED: usize = 40;
/// Pilot of an ordinary interview; larger where the backend needs more.
const PILOT: usize = 30;
/// Seed of an ordinary replicate.
pub(super) const SEED: u64 = 7;

/// What a backend says of itself, as the host reads it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Info {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) learns_from: LearnsFrom,
    pub(super) min_pilot: usize,
    #[serde(default)]
    pub(super) needs_messages: bool,
    #[serde(default)]
    pub(super) deterministic: bool,
    #[serde(default)]
    pub(super) adapters: Vec<Adapter>,
}

/// A way of learning that it offers.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Adapter {
    pub(super) name: String,
    pub(super) summary: String,
}

/// Whose answers a backend may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LearnsFrom {
    Nothing,
    Pilot,
    OtherHalf,
    Everyone,
    Retest,
    Law,
}

/// Who is revealed and who is asked.
pub(super) struct Scene {
    pub(super) revealed: RecordBatch,
    pub(super) asked: Vec<Person>,
}

pub(super) struct Bench {
    pub(super) subject: Arc<dyn BackendSubject>,
    pub(super) settings: String,
    pub(super) options: Options,
    worlds: Vec<World>,
    info: OnceCell<Result<Info, String>>,
    session: OnceCell<Result<Arc<dyn OpenBackend>, String>>,
    /// The first experiment that the backend supports.
    main: OnceCell<Option<usize>>,
    /// Replies of the ordinary interview, before they are read.
    pub(super) replies: OnceCell<Vec<RecordBatch>>,
}

impl Bench {
    pub(super) fn new(subject: Arc<dyn BackendSubject>, settings: &str, options: Options) -> Self {
        let bench = Self {
            subject,
            settings: settings.to_owned(),
            options,
            worlds: Vec::new(),
            info: OnceCell::new(),
            session: OnceCell::new(),
            main: OnceCell::new(),
            replies: OnceCell::new(),
        };
        let knows_a_law = bench.info().is_ok_and(|info| info.learns_from == LearnsFrom::Law);
        let mut worlds = vec![world::plain(), world::bare(), world::odd()];
        if knows_a_law {
            worlds.insert(0, world::law());
        }
        Self { worlds, ..bench }
    }

    pub(super) fn name(&self) -> String {
        self.info().map_or_else(|_| "(no name)".to_owned(), |info| info.name.clone())
    }

    /// The description.
    pub(super) fn info(&self) -> Result<&Info, Stop> {
        let info = self.info.get_or_init(|| {
            let text = self.subject.describe().map_err(|failure| failure.to_string())?;
            serde_json::from_str(&text).map_err(|e| format!("the description {text} is wrong: {e}"))
        });
        info.as_ref().map_err(|message| Stop::Failed(message.clone()))
    }

    /// The description, where another check says what is wrong with it.
    pub(super) fn described(&self) -> Result<&Info, Stop> {
        self.info().map_err(|_| Stop::Skipped("it does not describe itself".into()))
    }

    /// The open backend.
    pub(super) fn session(&self) -> Result<&Arc<dyn OpenBackend>, Stop> {
        let open = || self.subject.open(&self.settings).map_err(|failure| failure.to_string());
        let session = self.session.get_or_init(open);
        session.as_ref().map_err(|message| Stop::Failed(message.clone()))
    }

    /// The experiment of most checks.
    pub(super) fn main(&self) -> Result<&World, Stop> {
        match self.main.get() {
            Some(Some(place)) => Ok(&self.worlds[*place]),
            _ => skipped("it supports none of the experiments"),
        }
    }

    /// Finds the first experiment that the backend learns from.
    pub(super) fn choose(&self) -> Result<(), Stop> {
        let mut refusals = Vec::new();
        for (place, world) in self.worlds.iter().enumerate() {
            let scene = self.scene(world, self.pilot_size()?, ASKED)?;
            match self.adapt(world, &scene, SEED) {
                Ok(handle) => {
                    let _ = self.main.set(Some(place));
                    return Ok(self.session()?.release(handle)?);
                }
                Err(failure) if failure.class == Class::Unsupported => {
                    refusals.push(format!("{}: {}", world.name, failure.message));
                }
                Err(failure) => {
                    return failed(format!("experiment {}: {failure}", world.name));
                }
            }
        }
        failed(format!("it supports no experiment ({})", refusals.join("; ")))
    }

    /// The other experiments that are for all backends.
    pub(super) fn others(&self) -> Result<Vec<&World>, Stop> {
        let main = self.main()?.name;
        Ok(self.worlds.iter().filter(|world| world.name != main && !world.odd).collect())
    }

    /// The experiment of odd text.
    pub(super) fn odd(&self) -> Result<&World, Stop> {
        self.worlds.iter().find(|world| world.odd).ok_or(Stop::Skipped("none".into()))
    }

    /// People of an ordinary pilot.
    pub(super) fn pilot_size(&self) -> Result<usize, Stop> {
        Ok(self.described()?.min_pilot.max(PILOT))
    }

    /// Who is revealed, by what the backend says it learns from.
    pub(super) fn scene(&self, world: &World, pilot: usize, asked: usize) -> Result<Scene, Stop> {
        let people = world::people(world, asked, 2);
        let words = self.described()?.needs_messages;
        let revealed = match self.described()?.learns_from {
            LearnsFrom::Nothing | LearnsFrom::Law => world::pilot_batch(world, &[], None, words),
            LearnsFrom::Pilot => {
                world::pilot_batch(world, &world::people(world, pilot, 1), None, words)
            }
            LearnsFrom::OtherHalf => {
                world::pilot_batch(world, &world::people(world, asked, 3), Some(&people), words)
            }
            LearnsFrom::Everyone => {
                let mut all = world::people(world, pilot, 1);
                all.extend(people.iter().cloned());
                world::pilot_batch(world, &all, None, words)
            }
            LearnsFrom::Retest => {
                let again = world::people(world, asked, 4).into_iter().zip(&people);
                let again = again
                    .map(|(again, person)| Person { answers: again.answers, ..person.clone() });
                world::pilot_batch(world, &again.collect::<Vec<_>>(), Some(&people), words)
            }
        };
        Ok(Scene { revealed, asked: people })
    }

    /// The ordinary scene.
    pub(super) fn plain_scene(&self) -> Result<Scene, Stop> {
        self.scene(self.main()?, self.pilot_size()?, ASKED)
    }

    pub(super) fn adapt(&self, world: &World, scene: &Scene, seed: u64) -> subject::Reply<u64> {
        let session = self.session.get().and_then(|session| session.as_ref().ok());
        let session = session.ok_or(subject::Failure::new(Class::Other, "it is not open"))?;
        session.adapt(scene.revealed.clone(), &world.params(seed), &Quiet)
    }

    /// Learns from these people in a way that it offers.
    pub(super) fn adapt_by(
        &self,
        world: &World,
        people: &[Person],
        adapter: &str,
    ) -> Result<subject::Reply<u64>, Stop> {
        let words = self.described()?.needs_messages;
        let pilot = world::pilot_batch(world, people, None, words);
        Ok(self.session()?.adapt(pilot, &world.params_with(SEED, adapter), &Quiet))
    }

    /// A handle to the ordinary pilot.
    pub(super) fn plain_handle(&self, scene: &Scene) -> Result<u64, Stop> {
        self.adapt(self.main()?, scene, SEED).map_err(during("adapt"))
    }

    /// A batch of requests: one item of these people.
    pub(super) fn requests(
        &self,
        world: &World,
        asked: &[Asked],
        item: usize,
    ) -> Result<RecordBatch, Stop> {
        Ok(world::requests_batch(world, asked, item, self.described()?.needs_messages))
    }

    /// Asks and reads the reply.
    pub(super) fn ask(
        &self,
        world: &World,
        handle: u64,
        asked: &[Asked],
        item: usize,
    ) -> Result<Reply, Stop> {
        let requests = self.requests(world, asked, item)?;
        let reply = self.session()?.respond(handle, requests, &Quiet);
        let reply = reply.map_err(during(&format!("experiment {}, item {item}", world.name)))?;
        Reply::read(&reply).map_err(Stop::Failed)
    }

    /// A whole interview in order, each answer part of the next question; every reply must be sound.
    pub(super) fn interview(&self, world: &World, scene: &Scene) -> Result<(), Stop> {
        match self.adapt(world, scene, SEED) {
            Ok(handle) => self.interview_with(world, scene, handle),
            Err(failure) if failure.class == Class::Unsupported => {
                skipped(format!("experiment {}: {failure}", world.name))
            }
            Err(failure) => Err(during(&format!("experiment {}", world.name))(failure)),
        }
    }

    /// A whole interview with what was learned, which is released.
    pub(super) fn interview_with(
        &self,
        world: &World,
        scene: &Scene,
        handle: u64,
    ) -> Result<(), Stop> {
        let mut people = scene.asked.clone();
        for (index, item) in world.items.iter().enumerate() {
            let asked = asked(&people);
            let reply = self.ask(world, handle, &asked, index)?;
            let ids: Vec<i64> = asked.iter().map(|asked| asked.id).collect();
            reply.sound(&ids, item.levels).map_err(|message| {
                Stop::Failed(format!("experiment {}, item {index}: {message}", world.name))
            })?;
            draw(&mut people, index, item.levels, &reply);
        }
        Ok(self.session()?.release(handle)?)
    }
}

/// Requests numbered by row, as the host does.
pub(super) fn asked(people: &[Person]) -> Vec<Asked<'_>> {
    people.iter().enumerate().map(|(row, person)| Asked { id: row as i64, person }).collect()
}

/// Writes drawn answers down, for the next questions.
pub(super) fn draw(people: &mut [Person], item: usize, levels: usize, reply: &Reply) {
    let answers = reply.by_id();
    for (row, person) in people.iter_mut().enumerate() {
        let mut random = Random::new(row as u64, item as u64);
        let answer = answers.get(&(row as i64));
        let level = answer.and_then(|answer| answer.level(random.share()));
        person.answers[item] = level.filter(|level| (0..levels as i32).contains(level));
    }
}
