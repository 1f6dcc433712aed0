//! Images, sound and video: format, width and height of an image from its header, and the nodes that show them.
//!
//! Must not live here: decoding. Invariant: no more is read of an image than its header takes, and nothing of the others.

use imagesize::{ImageError, ImageType};
use kamld_sdk::{
    Address, Describe, Description, Error, ObjectReader, Preview, Result, ToDescribe, ToPreview, format,
    view::{self, Tone, View},
};
use std::io::{BufRead, BufReader, Seek};

struct Images;

kamld_sdk::plugin! { describer: Images, preview: Images }

const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"];
const PLAYED: &[&str] =
    &["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff", "audio/*", "video/*"];

/// The header of most images lies within this; one that is larger costs another call.
const HEADER: usize = 16 * 1024;

#[derive(Debug, PartialEq)]
struct Picture {
    format: &'static str,
    width: usize,
    height: usize,
}

impl Describe for Images {
    const MEDIA_TYPES: &[&str] = IMAGES;

    fn describe(object: &ToDescribe) -> Result<Description> {
        Ok(described(&object.media_type, open(&object.address)?))
    }
}

impl Preview for Images {
    const MEDIA_TYPES: &[&str] = PLAYED;

    fn open(object: &ToPreview) -> Result<View> {
        if let Some(view) = played(object) {
            return Ok(view);
        }
        let found = open(&object.address)?;
        Ok(if object.on_page() { on_page(&object.text, found) } else { drawn(&object.text, object.size, found) })
    }
}

/// The picture, or in words why the bytes are none. An error is one of the host, never of the bytes.
fn open(address: &Address) -> Result<Result<Picture, String>> {
    picture(BufReader::with_capacity(HEADER, ObjectReader::open(address)?))
}

fn picture(mut reader: impl BufRead + Seek) -> Result<Result<Picture, String>> {
    let failed = |error| match error {
        ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(Error::from(error)),
        ImageError::IoError(_) => Ok("it ends in the middle of its header".to_owned()),
        _ => Ok("its header is not that of an image".to_owned()),
    };
    let kind = match imagesize::reader_type(&mut reader) {
        Ok(kind) => kind,
        Err(error) => return failed(error).map(Err),
    };
    let format = match kind {
        ImageType::Png => "PNG",
        ImageType::Jpeg => "JPEG",
        ImageType::Gif => "GIF",
        ImageType::Webp => "WebP",
        ImageType::Bmp => "BMP",
        ImageType::Tiff => "TIFF",
        _ => return Ok(Err("it is an image of another format".into())),
    };
    reader.rewind()?;
    match imagesize::reader_size(reader) {
        Ok(size) => Ok(Ok(Picture { format, width: size.width, height: size.height })),
        Err(error) => failed(error).map(Err),
    }
}

fn said(media_type: &str) -> String {
    media_type.split(['/', ';']).nth(1).unwrap_or("image").trim().to_uppercase()
}

fn described(media_type: &str, found: Result<Picture, String>) -> Description {
    match found {
        Ok(Picture { format, width, height }) => Description::new(format!("{format}, {width} × {height}"))
            .fact("Width", format!("{width} px"))
            .fact("Height", format!("{height} px")),
        Err(reason) => Description::new(format!("{}, cannot be read", said(media_type))).fact("Reason", reason),
    }
}

fn drawn(address: &str, size: u64, found: Result<Picture, String>) -> View {
    let picture = match found {
        Ok(picture) => picture,
        Err(reason) => {
            return View::new()
                .show(view::text(format!("this image cannot be shown: {reason}")).tone(Tone::Warning))
                .show(view::hint("the file itself is kept as it is").command(format!("kamld get {address}")));
        }
    };
    let Picture { format, width, height } = picture;
    let name = address.rsplit('/').next().unwrap_or(address);
    let facts = [
        view::Fact::new("Format", format),
        view::Fact::new("Width", format!("{width} px")),
        view::Fact::new("Height", format!("{height} px")),
        view::Fact::new("Size", format::bytes(size)),
    ];
    View::new().show(view::image(address, name).width(width as u64).height(height as u64)).show(view::facts(facts))
}

/// What stands beside it on the page says width and height; the picture has the room.
fn on_page(address: &str, found: Result<Picture, String>) -> View {
    let name = address.rsplit('/').next().unwrap_or(address);
    match found {
        Ok(Picture { format: "TIFF", .. }) => {
            let says = "Browsers do not show TIFF. Download it to see it; it is kept as it is.";
            view::callout(says).title("No picture here").into()
        }
        Ok(Picture { width, height, .. }) => {
            view::image(address, name).width(width as u64).height(height as u64).zoom(true).into()
        }
        Err(reason) => view::callout(format!("Its bytes are no image: {reason}. The file itself is kept as it is."))
            .title("This image cannot be shown")
            .tone(Tone::Warning)
            .into(),
    }
}

/// Sound and video, which a page plays and a terminal only names; none for images.
fn played(object: &ToPreview) -> Option<View> {
    let family = object.media_type.split('/').next().unwrap_or_default();
    let name = object.text.rsplit('/').next().unwrap_or(&object.text);
    let (node, what) = match family {
        "audio" => (view::Node::from(view::audio(&object.text, name)), "sound"),
        "video" => (view::Node::from(view::video(&object.text, name)), "a video"),
        _ => return None,
    };
    if object.on_page() {
        return Some(node.into());
    }
    let says = format!("{name} is {what}, {}", format::bytes(object.size));
    let fetch = view::hint("play it on the page, or fetch it").command(format!("kamld get {}", object.text));
    Some(View::new().show(view::text(says)).show(fetch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// Signature, length, `IHDR`, width, height: what a PNG starts with.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn an_image_is_summed_up_by_format_and_size() {
        let found = picture(Cursor::new(png(640, 480))).unwrap();
        assert_eq!(described("image/png", found).summary(), "PNG, 640 × 480");
        let gif = picture(Cursor::new(b"GIF89a\x02\x00\x03\x00\x00\x00\x00")).unwrap();
        assert_eq!(gif, Ok(Picture { format: "GIF", width: 2, height: 3 }));
    }

    #[test]
    fn bytes_that_are_no_image_say_so_and_are_no_error() {
        for bytes in [&b""[..], b"hello, this is text", &png(640, 480)[..18]] {
            let found = picture(Cursor::new(bytes)).unwrap();
            assert!(found.is_err(), "{bytes:?}");
            assert_eq!(described("image/png", found).summary(), "PNG, cannot be read");
        }
    }

    #[test]
    fn a_preview_points_at_the_picture() {
        let view = drawn("b/s@v1/icon.png", 3969, Ok(Picture { format: "PNG", width: 2, height: 3 }));
        assert_eq!(view.nodes()[0].props["source"], "b/s@v1/icon.png");
        assert_eq!(view.nodes()[0].props["alt"], "icon.png");
    }

    #[test]
    fn a_page_shows_the_picture_alone_and_large() {
        let picture = |format| Picture { format, width: 2, height: 3 };
        let view = on_page("b/s/icon.png", Ok(picture("PNG")));
        assert_eq!((&view.nodes()[0].props["zoom"], view.nodes().len()), (&true.into(), 1));
        for cannot in [Ok(picture("TIFF")), Err("it ends".into())] {
            assert_eq!(on_page("b/s/x", cannot).nodes()[0].kind, "callout");
        }
    }

    #[test]
    fn sound_and_video_are_played_on_a_page_and_named_on_a_terminal() {
        let object = |media_type: &str, window| ToPreview {
            address: "b/s/x.mp3".parse().unwrap(),
            text: "b/s/x.mp3".into(),
            media_type: media_type.into(),
            size: 3_000_000,
            window,
            start: 0,
        };
        for (media_type, kind) in [("audio/mpeg", "audio"), ("video/mp4", "video")] {
            assert_eq!(played(&object(media_type, kamld_sdk::preview::PAGE)).unwrap().nodes()[0].kind, kind);
            let told = played(&object(media_type, 20)).unwrap();
            assert!(told.nodes()[0].props["text"].as_str().unwrap().contains("3 MB"), "{told:?}");
        }
        assert!(played(&object("image/png", 20)).is_none());
    }
}
