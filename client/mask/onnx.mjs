/**
 * Writes ONNX models (onnx.proto3), and takes one apart as far as it must be
 * cut: protocol buffers, a message as a list of [field, value] pairs.
 */

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

function varint(value) {
  const out = []
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    const low = Number(rest & 127n)
    if (rest < 128n) return Buffer.from([...out, low])
    out.push(low | 128)
  }
}

const whole = (field, value) => Buffer.concat([varint(field * 8 + VARINT), varint(value)])
const bytes = (field, value) => Buffer.concat([varint(field * 8 + BYTES), varint(value.length), value])
const text = (field, value) => bytes(field, Buffer.from(value))
const message = (field, ...parts) => bytes(field, Buffer.concat(parts))

/** The fields of a message in their order: number, and the bytes of its value or a bigint. */
export function fieldsOf(buffer) {
  const fields = []
  let at = 0
  const number = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at++]
      if (byte === undefined) throw new Error("an ONNX file ends too early")
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < buffer.length) {
    const key = Number(number())
    const kind = key & 7
    if (kind === VARINT) fields.push([key >> 3, number()])
    else {
      const length = kind === BYTES ? Number(number()) : kind === FIXED32 ? 4 : kind === FIXED64 ? 8 : Number.NaN
      if (!(at + length <= buffer.length)) throw new Error("an ONNX file is not one")
      fields.push([key >> 3, buffer.subarray(at, at + length)])
      at += length
    }
  }
  return fields
}

const FLOAT = 1
const INT64 = 7

/** A named constant: float32, or whole numbers where `ints`. */
export function tensor(name, shape, values, ints = false) {
  const raw = ints ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  return message(5, ...shape.map((n) => whole(1, n)), whole(2, ints ? INT64 : FLOAT), text(8, name), bytes(9, Buffer.from(raw.buffer)))
}

function attribute([name, value]) {
  if (typeof value === "string") return message(5, text(1, name), text(4, value), whole(20, 3))
  if (Array.isArray(value)) return message(5, text(1, name), ...value.map((n) => whole(8, n)), whole(20, 7))
  return message(5, text(1, name), whole(3, value), whole(20, 2))
}

/** One operation; attributes are whole numbers, lists of them, or texts. */
export const node = (operation, inputs, outputs, attributes = {}) =>
  message(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operation),
    ...Object.entries(attributes).map(attribute),
  )

/** What goes in (field 11) or comes out (12): float32; sizes that are names may be any. */
const value = (field, name, shape) => {
  const dimensions = shape.map((n) => message(1, typeof n === "string" ? text(2, n) : whole(1, n)))
  const type = message(1, whole(1, FLOAT), message(2, ...dimensions))
  return message(field, text(1, name), message(2, type))
}

/** A whole model of operator set `opset`. Inputs and outputs are [name, shape]. */
export function model({ name, opset, nodes, tensors, inputs, outputs }) {
  const graph = message(
    7,
    ...nodes,
    text(2, name),
    ...tensors,
    ...inputs.map(([n, shape]) => value(11, n, shape)),
    ...outputs.map(([n, shape]) => value(12, n, shape)),
  )
  return Buffer.concat([whole(1, 8), graph, message(8, text(1, ""), whole(2, opset))])
}

export { bytes as rawField }
