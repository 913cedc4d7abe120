// tensorDataInto(tensorId, target): copies a float32 tensor's values into a Float32Array that is there already.
//
// tensorDataSync, its sibling, makes a new ArrayBuffer for each tensor. A gradient is hundreds of megabytes a
// step: fresh pages to fault in, and a second copy to where the values belong. This is one memcpy.

#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/tf_tensor.h"
#include "tf_auto_tensor.h"
#include "tfjs_backend.h"
#include "utils.h"

namespace tfnodejs {

void TFJSBackend::CopyTensorData(napi_env env, napi_value tensor_id_value, napi_value target) {
  int32_t tensor_id;
  ENSURE_NAPI_OK(env, napi_get_value_int32(env, tensor_id_value, &tensor_id));
  auto entry = tfe_handle_map_.find(tensor_id);
  if (entry == tfe_handle_map_.end()) {
    NAPI_THROW_ERROR(env, "tensorDataInto() of a tensor that is not there (tensor_id: %d)", tensor_id);
    return;
  }
  napi_typedarray_type type;
  size_t length;
  void *values;
  ENSURE_NAPI_OK(env, napi_get_typedarray_info(env, target, &type, &length, &values, nullptr, nullptr));
  if (type != napi_float32_array || TFE_TensorHandleDataType(entry->second) != TF_FLOAT) {
    NAPI_THROW_ERROR(env, "tensorDataInto() copies float32 into a Float32Array only");
    return;
  }
  TF_AutoStatus status;
  TF_AutoTensor tensor(TFE_TensorHandleResolve(entry->second, status.status));
  ENSURE_TF_OK(env, status);
  const size_t byte_length = TF_TensorByteSize(tensor.tensor);
  if (byte_length != length * sizeof(float)) {
    NAPI_THROW_ERROR(env, "tensorDataInto() of %zu bytes into an array of %zu", byte_length,
                     length * sizeof(float));
    return;
  }
  memcpy(values, TF_TensorData(tensor.tensor), byte_length);
}

napi_value TensorDataInto(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2];
  ENSURE_NAPI_OK_RETVAL(env, napi_get_cb_info(env, info, &argc, args, nullptr, nullptr), nullptr);
  if (argc < 2) {
    NAPI_THROW_ERROR(env, "tensorDataInto() takes a tensor's id and a Float32Array");
    return nullptr;
  }
  void *backend = nullptr;
  ENSURE_NAPI_OK_RETVAL(env, napi_get_instance_data(env, &backend), nullptr);
  if (backend != nullptr) static_cast<TFJSBackend *>(backend)->CopyTensorData(env, args[0], args[1]);
  return nullptr;
}

}  // namespace tfnodejs
