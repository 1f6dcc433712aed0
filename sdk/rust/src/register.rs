//! The macros by which a plug-in says what it is, and writes a row.
//!
//! Invariant: a component exports exactly the interfaces that its `plugin!` names.

/// Registers what the plug-in exports: any of `commands` (a [`HasCommands`](crate::HasCommands)),
/// `describer` (a [`Describe`](crate::Describe)), `preview` (a [`Preview`](crate::Preview)) and `surface` (a
/// [`HasSurfaces`](crate::HasSurfaces)).
///
/// ```
/// use kamld_sdk::{Commands, HasCommands};
/// struct Plugin;
/// impl HasCommands for Plugin {
///     fn commands() -> Commands {
///         Commands::new()
///     }
/// }
/// kamld_sdk::plugin! { commands: Plugin }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugin {
    ($($export:ident: $implementation:ty),+ $(,)?) => {
        $($crate::__export! { $export: $implementation })+
    };
}

// The exported symbols carry `@` and `#`, which native linkers read in their own way: only for the component.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (commands: $implementation:ty) => {
        // Natively nothing is exported; the code counts as used all the same.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = ($crate::rt::describe_commands::<$implementation>, $crate::rt::run::<$implementation>);
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::rt::bindings::{
                commands::exports::kamld::plugin::commands as wit, imports::kamld::plugin::types,
            };
            struct Exported;
            impl wit::Guest for Exported {
                fn describe() -> ::std::vec::Vec<wit::Command> {
                    $crate::rt::describe_commands::<$implementation>()
                }
                fn run(
                    name: ::std::vec::Vec<::std::string::String>,
                    arguments: ::std::string::String,
                ) -> ::std::result::Result<wit::Outcome, types::Error> {
                    $crate::rt::run::<$implementation>(&name, &arguments)
                }
            }
    $crate::bindings::commands::export_commands!(Exported with_types_in $crate::rt::bindings::commands);
        };
    };
    (describer: $implementation:ty) => {
        // Natively nothing is exported; the code counts as used all the same.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = ($crate::rt::describe::<$implementation>);
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::rt::bindings::{
                describer::exports::kamld::metadata::describer as wit,
                imports::kamld::{metadata::types as metadata_types, plugin::types},
            };
            struct Exported;
            impl wit::Guest for Exported {
                fn media_types() -> ::std::vec::Vec<::std::string::String> {
                    <$implementation as $crate::Describe>::MEDIA_TYPES.iter().map(|t| t.to_string()).collect()
                }
                fn describe(request: wit::Request) -> ::std::result::Result<metadata_types::Description, types::Error> {
                    $crate::rt::describe::<$implementation>(request)
                }
            }
    $crate::bindings::describer::export_describer!(Exported with_types_in $crate::rt::bindings::describer);
        };
    };
    (preview: $implementation:ty) => {
        // Natively nothing is exported; the code counts as used all the same.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = ($crate::rt::open::<$implementation>);
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::rt::bindings::{imports::kamld::plugin::types, preview::exports::kamld::ui::preview as wit};
            struct Exported;
            impl wit::Guest for Exported {
                fn media_types() -> ::std::vec::Vec<::std::string::String> {
                    <$implementation as $crate::Preview>::MEDIA_TYPES.iter().map(|t| t.to_string()).collect()
                }
                fn open(request: wit::Request) -> ::std::result::Result<::std::vec::Vec<types::Node>, types::Error> {
                    $crate::rt::open::<$implementation>(request)
                }
            }
    $crate::bindings::preview::export_preview!(Exported with_types_in $crate::rt::bindings::preview);
        };
    };
    (surface: $implementation:ty) => {
        // Natively nothing is exported; the code counts as used all the same.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = (
                $crate::rt::surface::offers::<$implementation>,
                $crate::rt::surface::draw::<$implementation>,
                $crate::rt::surface::act::<$implementation>,
                $crate::rt::surface::rows::<$implementation>,
                $crate::rt::surface::cells::<$implementation>,
            );
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::rt::bindings::{imports::kamld::plugin::types, surface::exports::kamld::ui::surface as wit};
            struct Exported;
            impl wit::Guest for Exported {
                fn offers() -> ::std::vec::Vec<wit::Offer> {
                    $crate::rt::surface::offers::<$implementation>()
                }
                fn open(
                    place: wit::Place,
                    data: ::std::string::String,
                ) -> ::std::result::Result<wit::View, types::Error> {
                    $crate::rt::surface::draw::<$implementation>(place, &data)
                }
                fn action(
                    place: wit::Place,
                    name: ::std::string::String,
                    arguments: ::std::string::String,
                    data: ::std::string::String,
                ) -> ::std::result::Result<wit::Reaction, types::Error> {
                    $crate::rt::surface::act::<$implementation>(place, &name, &arguments, &data)
                }
                fn rows(
                    place: wit::Place,
                    name: ::std::string::String,
                    window: wit::Window,
                    data: ::std::string::String,
                ) -> ::std::result::Result<wit::RowPage, types::Error> {
                    $crate::rt::surface::rows::<$implementation>(place, &name, &window, &data)
                }
                fn cells(
                    place: wit::Place,
                    addresses: ::std::vec::Vec<::std::string::String>,
                ) -> ::std::result::Result<::std::vec::Vec<::std::string::String>, types::Error> {
                    $crate::rt::surface::cells::<$implementation>(place, &addresses)
                }
            }
    $crate::bindings::surface::export_surface!(Exported with_types_in $crate::rt::bindings::surface);
        };
    };
}

/// The cells of one row for [`view::Rows`](crate::view::Rows), each of any type that can be written as JSON.
///
/// ```
/// let cells = kamld_sdk::row!["2019.csv", 12, None::<u64>, ["raw", "faa"]];
/// assert_eq!(cells[2], serde_json::Value::Null);
/// ```
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { [$($crate::rt::cell(&$cell)),*] };
}
