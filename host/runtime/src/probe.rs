//! The probe: a small hostile component, written instruction by instruction, so that a host proves its limits
//! without a toolchain for guests.
//!
//! Lives here: the bytes of the probe. Must not live here: what is expected of the host (`self_test`).
//! Invariant: each export does one thing without end; it returns only when the limit that it provokes does not bite.

use wasm_encoder::{
    BlockType, CanonicalOption, CodeSection, ComponentBuilder, ComponentExportKind, ComponentTypeRef, ComponentValType,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, Instruction, MemorySection,
    MemoryType, Module, ModuleArg, PrimitiveValType, TypeSection, ValType,
};

const PAGE: u64 = 64 << 10;

/// Exports of the probe, all of them functions without parameters and results.
pub const SPIN: &str = "spin";
pub const GROW: &str = "grow";
pub const RECURSE: &str = "recurse";
pub const LEAK: &str = "leak";
pub const HAND_OVER: &str = "hand-over";
pub const WAIT: &str = "wait";

/// Imports of the probe: a new handle each time, a list of bytes, and a wait that never ends.
pub const NEW_HANDLE: &str = "new-handle";
pub const TAKE: &str = "take";
pub const FOREVER: &str = "forever";

/// The component. `hand_over` is how many bytes it hands to the host at once.
pub fn component(hand_over: u64) -> Vec<u8> {
    let mut builder = ComponentBuilder::default();
    let (plain, mut function) = builder.type_function(None);
    function.params::<_, ComponentValType>([] as [(&str, ComponentValType); 0]).result(None);
    let (bytes, list) = builder.type_defined(None);
    list.list(ComponentValType::Primitive(PrimitiveValType::U8));
    let (taking, mut function) = builder.type_function(None);
    function.params([("bytes", ComponentValType::Type(bytes))]).result(None);
    let new_handle = builder.import(NEW_HANDLE, ComponentTypeRef::Func(plain));
    let take = builder.import(TAKE, ComponentTypeRef::Func(taking));
    let forever = builder.import(FOREVER, ComponentTypeRef::Func(plain));

    // The memory has a module of its own: what the host reads from must be there before what calls the host.
    let memory_module = builder.core_module(None, &memory(hand_over.div_ceil(PAGE)));
    let memory_instance = builder.core_instantiate(None, memory_module, [] as [(&str, ModuleArg); 0]);
    let memory = builder.core_alias_export(None, memory_instance, "memory", ExportKind::Memory);
    let new_handle = builder.lower_func(None, new_handle, []);
    let take = builder.lower_func(None, take, [CanonicalOption::Memory(memory)]);
    let forever = builder.lower_func(None, forever, []);
    let host = builder.core_instantiate_exports(
        None,
        [
            (NEW_HANDLE, ExportKind::Func, new_handle),
            (TAKE, ExportKind::Func, take),
            (FOREVER, ExportKind::Func, forever),
            ("memory", ExportKind::Memory, memory),
        ],
    );
    let code = builder.core_module(None, &code(hand_over));
    let code = builder.core_instantiate(None, code, [("host", ModuleArg::Instance(host))]);
    for name in [SPIN, GROW, RECURSE, LEAK, HAND_OVER, WAIT] {
        let core = builder.core_alias_export(None, code, name, ExportKind::Func);
        let lifted = builder.lift_func(None, core, plain, []);
        builder.export(name, ComponentExportKind::Func, lifted, None);
    }
    builder.finish()
}

fn memory(pages: u64) -> Module {
    let mut memories = MemorySection::new();
    memories.memory(memory_type(pages));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&memories).section(&exports);
    module
}

fn memory_type(pages: u64) -> MemoryType {
    MemoryType { minimum: pages, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

fn code(hand_over: u64) -> Module {
    let (plain, pair) = (0, 1);
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32, ValType::I32], []);
    let mut imports = ImportSection::new();
    imports
        .import("host", NEW_HANDLE, EntityType::Function(plain))
        .import("host", TAKE, EntityType::Function(pair))
        .import("host", FOREVER, EntityType::Function(plain))
        .import("host", "memory", EntityType::Memory(memory_type(0)));
    let (new_handle, take, forever, first) = (0, 1, 2, 3);
    let length = i32::try_from(hand_over).unwrap_or(i32::MAX);
    let forever_do = |body: &[Instruction<'static>]| {
        let mut all = vec![Instruction::Loop(BlockType::Empty)];
        all.extend_from_slice(body);
        all.extend([Instruction::Br(0), Instruction::End]);
        all
    };
    let bodies: [(&str, Vec<Instruction<'static>>); 6] = [
        (SPIN, forever_do(&[])),
        // Trapping once memory is refused is what the allocator of a real guest does, too.
        (
            GROW,
            forever_do(&[
                Instruction::I32Const(16),
                Instruction::MemoryGrow(0),
                Instruction::I32Const(-1),
                Instruction::I32Eq,
                Instruction::If(BlockType::Empty),
                Instruction::Unreachable,
                Instruction::End,
            ]),
        ),
        (RECURSE, vec![Instruction::Call(first + 2), Instruction::Call(first + 2)]),
        (LEAK, forever_do(&[Instruction::Call(new_handle)])),
        (HAND_OVER, vec![Instruction::I32Const(0), Instruction::I32Const(length), Instruction::Call(take)]),
        (WAIT, vec![Instruction::Call(forever)]),
    ];
    let (mut functions, mut exports, mut codes) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for (index, (name, body)) in (first..).zip(&bodies) {
        functions.function(plain);
        exports.export(name, ExportKind::Func, index);
        let mut function = Function::new([]);
        for instruction in body {
            function.instruction(instruction);
        }
        function.instruction(&Instruction::End);
        codes.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports).section(&codes);
    module
}
