//! The samples, packed into the component when it is built.

/// One asset.
pub struct Sample {
    pub asset: &'static str,
    pub summary: &'static str,
    pub tags: &'static [&'static str],
    pub files: &'static [File],
}

pub struct File {
    pub path: &'static str,
    pub tags: &'static [&'static str],
    pub bytes: &'static [u8],
}

macro_rules! data {
    ($path:literal from $file:literal, $tags:expr) => {
        File { path: $path, tags: &$tags, bytes: include_bytes!(concat!("../data/", $file)) }
    };
    (about $file:literal) => {
        File { path: "about.md", tags: &["docs"], bytes: include_bytes!(concat!("../about/", $file)) }
    };
}

pub static SAMPLES: &[Sample] = &[
    Sample {
        asset: "birds",
        summary: "wildlife strikes reported to the U.S. FAA, and measures of penguins",
        tags: &["nature", "raw"],
        files: &[
            data!(about "birds.md"),
            data!("birdstrikes.csv" from "birdstrikes.csv", ["aviation", "raw"]),
            data!("penguins.json" from "penguins.json", ["measures", "raw"]),
        ],
    },
    Sample {
        asset: "cars",
        summary: "specifications and performance of cars from 1970 to 1982",
        tags: &["raw", "technology"],
        files: &[data!(about "cars.md"), data!("cars.json" from "cars.json", ["raw"])],
    },
    Sample {
        asset: "images",
        summary: "icons of two programs",
        tags: &["pictures"],
        files: &[
            data!(about "images.md"),
            data!("icons/7zip.png" from "7zip.png", ["icon"]),
            data!("icons/gimp.png" from "gimp.png", ["icon"]),
        ],
    },
    Sample {
        asset: "weather",
        summary: "daily weather in Seattle, and carbon dioxide in the air since 1958",
        tags: &["climate", "raw", "time-series"],
        files: &[
            data!(about "weather.md"),
            data!("co2-concentration.csv" from "co2-concentration.csv", ["raw", "time-series"]),
            data!("seattle-weather.csv" from "seattle-weather.csv", ["raw", "time-series"]),
        ],
    },
];

impl Sample {
    /// Bytes of its files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.bytes.len() as u64).sum()
    }

    /// Whether a path is one of its files.
    pub fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_small_enough_to_be_packed() {
        assert!(SAMPLES.iter().map(Sample::size).sum::<u64>() < 3_000_000);
    }

    #[test]
    fn each_sample_says_where_it_comes_from() {
        for sample in SAMPLES {
            let about = sample.files.iter().find(|file| file.path == "about.md").expect(sample.asset);
            let text = std::str::from_utf8(about.bytes).unwrap();
            for file in sample.files.iter().filter(|file| file.path != "about.md") {
                assert!(text.contains(&format!("`{}`", file.path)), "{} says nothing of {}", sample.asset, file.path);
            }
        }
    }

    #[test]
    fn tags_are_words_in_lower_case() {
        let tags = SAMPLES.iter().flat_map(|s| s.tags.iter().chain(s.files.iter().flat_map(|f| f.tags)));
        for tag in tags {
            assert!(tag.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{tag}");
        }
    }
}
