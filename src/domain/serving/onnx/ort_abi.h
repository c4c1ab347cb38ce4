// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// The part of ONNX Runtime's C interface that is used here. OrtApi is an append-only table of function
// pointers; the ordinals below are its documented order and hold for every release since 1.8. Read-only, no
// state.
namespace tracseq::serving::ort {

// Opaque objects of the library.
struct Env;
struct Status;
struct MemoryInfo;
struct Session;
struct Value;
struct RunOptions;
struct TypeInfo;
struct TensorTypeAndShapeInfo;
struct SessionOptions;
struct Allocator;
struct ArenaConfig;

struct ApiBase {
  void* const* (*get_api)(std::uint32_t version);
  const char* (*version_string)();
};

// Any library that answers this version has the table up to every ordinal used.
inline constexpr std::uint32_t kApiVersion = 18;

inline constexpr int kLogError = 3;
inline constexpr int kOptimiseAll = 99;
inline constexpr int kAllocatorArena = 1;
inline constexpr int kMemoryDefault = 0;
inline constexpr int kFail = 1;
inline constexpr int kInvalidArgument = 2;
inline constexpr int kNoModel = 4;
inline constexpr int kInvalidProtobuf = 7;
inline constexpr int kNotImplemented = 9;
inline constexpr int kInvalidGraph = 10;

// Element types, as ONNX numbers them.
enum Element : int {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13
};

// The functions by name; built once from the library's table.
struct Api {
  explicit Api(void* const* table)
      : error_code(at<int(const Status*)>(table, 1)),
        error_message(at<const char*(const Status*)>(table, 2)),
        create_env(at<Status*(int, const char*, Env**)>(table, 3)),
        disable_telemetry(at<Status*(const Env*)>(table, 6)),
        create_session(
            at<Status*(const Env*, const void*, std::size_t, const SessionOptions*, Session**)>(table, 8)),
        run(at<Status*(Session*, const RunOptions*, const char* const*, const Value* const*, std::size_t,
                       const char* const*, std::size_t, Value**)>(table, 9)),
        create_session_options(at<Status*(SessionOptions**)>(table, 10)),
        set_optimisation(at<Status*(SessionOptions*, int)>(table, 23)),
        set_intra_op_threads(at<Status*(SessionOptions*, int)>(table, 24)),
        set_inter_op_threads(at<Status*(SessionOptions*, int)>(table, 25)),
        input_count(at<Status*(const Session*, std::size_t*)>(table, 30)),
        output_count(at<Status*(const Session*, std::size_t*)>(table, 31)),
        input_type(at<Status*(const Session*, std::size_t, TypeInfo**)>(table, 33)),
        output_type(at<Status*(const Session*, std::size_t, TypeInfo**)>(table, 34)),
        input_name(at<Status*(const Session*, std::size_t, Allocator*, char**)>(table, 36)),
        output_name(at<Status*(const Session*, std::size_t, Allocator*, char**)>(table, 37)),
        create_tensor(at<Status*(Allocator*, const std::int64_t*, std::size_t, int, Value**)>(table, 48)),
        create_tensor_over(at<Status*(const MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t,
                                      int, Value**)>(table, 49)),
        tensor_data(at<Status*(Value*, void**)>(table, 51)),
        fill_strings(at<Status*(Value*, const char* const*, std::size_t)>(table, 52)),
        string_bytes(at<Status*(const Value*, std::size_t*)>(table, 53)),
        string_content(at<Status*(const Value*, void*, std::size_t, std::size_t*, std::size_t)>(table, 54)),
        as_tensor(at<Status*(const TypeInfo*, const TensorTypeAndShapeInfo**)>(table, 55)),
        element_type(at<Status*(const TensorTypeAndShapeInfo*, int*)>(table, 60)),
        dimension_count(at<Status*(const TensorTypeAndShapeInfo*, std::size_t*)>(table, 61)),
        dimensions(at<Status*(const TensorTypeAndShapeInfo*, std::int64_t*, std::size_t)>(table, 62)),
        value_shape(at<Status*(const Value*, TensorTypeAndShapeInfo**)>(table, 65)),
        create_cpu_memory(at<Status*(int, int, MemoryInfo**)>(table, 69)),
        allocator_free(at<Status*(Allocator*, void*)>(table, 76)),
        default_allocator(at<Status*(Allocator**)>(table, 78)),
        release_status(at<void(Status*)>(table, 93)),
        release_session(at<void(Session*)>(table, 95)),
        release_value(at<void(Value*)>(table, 96)),
        release_type(at<void(TypeInfo*)>(table, 98)),
        release_shape(at<void(TensorTypeAndShapeInfo*)>(table, 99)),
        release_session_options(at<void(SessionOptions*)>(table, 100)),
        add_session_setting(at<Status*(SessionOptions*, const char*, const char*)>(table, 130)),
        register_arena(at<Status*(Env*, const MemoryInfo*, const ArenaConfig*)>(table, 144)),
        release_arena_config(at<void(ArenaConfig*)>(table, 157)),
        create_arena_config(
            at<Status*(const char* const*, const std::size_t*, std::size_t, ArenaConfig**)>(table, 164)) {}

  int (*error_code)(const Status*);
  const char* (*error_message)(const Status*);
  Status* (*create_env)(int, const char*, Env**);
  Status* (*disable_telemetry)(const Env*);
  Status* (*create_session)(const Env*, const void*, std::size_t, const SessionOptions*, Session**);
  Status* (*run)(Session*, const RunOptions*, const char* const*, const Value* const*, std::size_t,
                 const char* const*, std::size_t, Value**);
  Status* (*create_session_options)(SessionOptions**);
  Status* (*set_optimisation)(SessionOptions*, int);
  Status* (*set_intra_op_threads)(SessionOptions*, int);
  Status* (*set_inter_op_threads)(SessionOptions*, int);
  Status* (*input_count)(const Session*, std::size_t*);
  Status* (*output_count)(const Session*, std::size_t*);
  Status* (*input_type)(const Session*, std::size_t, TypeInfo**);
  Status* (*output_type)(const Session*, std::size_t, TypeInfo**);
  Status* (*input_name)(const Session*, std::size_t, Allocator*, char**);
  Status* (*output_name)(const Session*, std::size_t, Allocator*, char**);
  Status* (*create_tensor)(Allocator*, const std::int64_t*, std::size_t, int, Value**);
  Status* (*create_tensor_over)(const MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t, int,
                                Value**);
  Status* (*tensor_data)(Value*, void**);
  Status* (*fill_strings)(Value*, const char* const*, std::size_t);
  Status* (*string_bytes)(const Value*, std::size_t*);
  Status* (*string_content)(const Value*, void*, std::size_t, std::size_t*, std::size_t);
  Status* (*as_tensor)(const TypeInfo*, const TensorTypeAndShapeInfo**);
  Status* (*element_type)(const TensorTypeAndShapeInfo*, int*);
  Status* (*dimension_count)(const TensorTypeAndShapeInfo*, std::size_t*);
  Status* (*dimensions)(const TensorTypeAndShapeInfo*, std::int64_t*, std::size_t);
  Status* (*value_shape)(const Value*, TensorTypeAndShapeInfo**);
  Status* (*create_cpu_memory)(int, int, MemoryInfo**);
  Status* (*allocator_free)(Allocator*, void*);
  Status* (*default_allocator)(Allocator**);
  void (*release_status)(Status*);
  void (*release_session)(Session*);
  void (*release_value)(Value*);
  void (*release_type)(TypeInfo*);
  void (*release_shape)(TensorTypeAndShapeInfo*);
  void (*release_session_options)(SessionOptions*);
  Status* (*add_session_setting)(SessionOptions*, const char*, const char*);
  Status* (*register_arena)(Env*, const MemoryInfo*, const ArenaConfig*);
  void (*release_arena_config)(ArenaConfig*);
  Status* (*create_arena_config)(const char* const*, const std::size_t*, std::size_t, ArenaConfig**);

 private:
  template <class F>
  static F* at(void* const* table, std::size_t ordinal) {
    return reinterpret_cast<F*>(table[ordinal]);
  }
};

}  // namespace tracseq::serving::ort
