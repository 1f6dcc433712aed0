//! The six landings on the Moon: true, never changing data with a value of every type for the tables.

/// One landing.
#[derive(Debug)]
pub struct Mission {
    pub name: &'static str,
    /// Milliseconds since 1970, UTC; the first two were before that.
    pub landed: i64,
    /// Milliseconds on the surface.
    pub stay: u64,
    /// How often somebody walked there.
    pub walks: u64,
    /// What was brought back.
    pub kilograms: f64,
    pub crew: [&'static str; 2],
    pub rover: bool,
    /// Where the program that landed it is kept by those who care for it.
    pub program: &'static str,
}

/// Bytes that the computer of each of them could hold: 36,864 words for good and 2,048 to write, of two bytes each.
pub const MEMORY: u64 = (36_864 + 2_048) * 2;

const fn time(hours: u64, minutes: u64) -> u64 {
    (hours * 60 + minutes) * 60_000
}

pub const MISSIONS: [Mission; 6] = [
    Mission {
        name: "Apollo 11",
        landed: -14_182_940_000,
        stay: time(21, 36),
        walks: 1,
        kilograms: 21.5,
        crew: ["Armstrong", "Aldrin"],
        rover: false,
        program: "Luminary099/LUNAR_LANDING_GUIDANCE_EQUATIONS.agc",
    },
    Mission {
        name: "Apollo 12",
        landed: -3_690_324_000,
        stay: time(31, 31),
        walks: 2,
        kilograms: 34.3,
        crew: ["Conrad", "Bean"],
        rover: false,
        program: "Luminary116/LUNAR_LANDING_GUIDANCE_EQUATIONS.agc",
    },
    Mission {
        name: "Apollo 14",
        landed: 34_593_493_000,
        stay: time(33, 31),
        walks: 2,
        kilograms: 42.3,
        crew: ["Shepard", "Mitchell"],
        rover: false,
        program: "Luminary178/LUNAR_LANDING_GUIDANCE_EQUATIONS.agc",
    },
    Mission {
        name: "Apollo 15",
        landed: 49_760_191_000,
        stay: time(66, 55),
        walks: 3,
        kilograms: 77.3,
        crew: ["Scott", "Irwin"],
        rover: true,
        program: "Luminary210/LUNAR_LANDING_GUIDANCE_EQUATIONS.agc",
    },
    Mission {
        name: "Apollo 16",
        landed: 72_671_015_000,
        stay: time(71, 2),
        walks: 3,
        kilograms: 95.7,
        crew: ["Young", "Duke"],
        rover: true,
        program: "Luminary210/LUNAR_LANDING_GUIDANCE_EQUATIONS.agc",
    },
    Mission {
        name: "Apollo 17",
        landed: 92_951_698_000,
        stay: time(74, 59),
        walks: 3,
        kilograms: 110.5,
        crew: ["Cernan", "Schmitt"],
        rover: true,
        program: "Luminary210/LUNAR_LANDING_GUIDANCE_EQUATIONS.agc",
    },
];

/// The one of that name.
pub fn named(name: &str) -> Option<&'static Mission> {
    MISSIONS.iter().find(|mission| mission.name == name)
}
