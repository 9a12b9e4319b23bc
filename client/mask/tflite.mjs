/**
 * Makes an ONNX model of a TFLite one: of the few operations that MediaPipe's
 * small networks are made of, and of no other. TFLite has channels last, ONNX
 * has them first: so does everything here, until the results are laid out as
 * the original has them. Weights of 16 bits become weights of 32.
 */

import { Table } from "./flatbuffer.mjs"
import { model, node, tensor } from "./onnx.mjs"

const OPSET = 14 // the first with HardSwish
const FLOAT16 = 1
const [SAME, RELU] = [0, 1]

/** Operations by their numbers in TFLite's schema. */
const OPERATIONS = {
  0: add,
  2: concatenate,
  3: convolve,
  4: convolveEachChannel,
  6: widen,
  14: unary("Sigmoid"),
  17: maxPool,
  18: multiply,
  19: unary("Relu"),
  22: reshape,
  23: resize,
  34: pad,
  40: meanOfPicture,
  117: unary("HardSwish"),
  "32:Convolution2DTransposeBias": convolveTransposed,
}

/** The model being made of one TFLite graph. */
class Making {
  nodes = []
  tensors = []
  values = new Map() // constants: by number, an array of numbers
  #tensors
  #buffers
  #made = new Set()

  constructor(root, graph) {
    this.#buffers = root.tables(4)
    this.#tensors = graph.tables(0)
  }

  shape(number) {
    return this.#tensors[number].ints(0)
  }

  name(number) {
    return `t${number}`
  }

  /** A constant's numbers; undefined: it is none. */
  constant(number) {
    const known = this.values.get(number)
    if (known !== undefined) return known
    const tensor = this.#tensors[number]
    const bytes = this.#buffers[tensor.int32(2)].bytes(0)
    if (bytes.length === 0) return undefined
    if (tensor.table(6) !== null) throw new Error("a network has sparse weights")
    const count = this.shape(number).reduce((a, b) => a * b, 1)
    const wide =
      tensor.int8(1) === FLOAT16
        ? (i) => fromHalf(bytes.readUInt16LE(2 * i))
        : tensor.int8(1) === 2
          ? (i) => bytes.readInt32LE(4 * i)
          : (i) => bytes.readFloatLE(4 * i)
    const values = Array.from({ length: count }, (_, i) => wide(i))
    this.values.set(number, values)
    return values
  }

  /** The name of what goes into an operation: of a constant with channels, spread for all of a picture. */
  input(number) {
    const values = this.constant(number)
    if (values === undefined) return this.name(number)
    const [, , , channels = 1] = this.shape(number)
    return this.put(this.name(number), [1, channels, 1, 1], values)
  }

  put(name, shape, values, ints = false) {
    if (!this.#made.has(name)) this.tensors.push(tensor(name, shape, values, ints))
    this.#made.add(name)
    return name
  }

  add(operation, inputs, output, attributes) {
    this.nodes.push(node(operation, inputs, [output], attributes))
  }

  /** `operation`, and after it what TFLite has fused with it. */
  fused(activation, operation, inputs, output, attributes) {
    if (activation === 0) return this.add(operation, inputs, output, attributes)
    if (activation !== RELU) throw new Error(`a network wants activation ${activation}`)
    this.add(operation, inputs, `${output}.before`, attributes)
    this.add("Relu", [`${output}.before`], output)
  }
}

/** `file` is a TFLite model with one picture as input. */
export function fromTFLite(name, file) {
  const root = Table.root(file)
  const [graph] = root.tables(2)
  const codes = root.tables(1).map((code) => {
    const custom = code.bytes(1).toString()
    const number = Math.max(code.int8(0), code.int32(3))
    return custom === "" ? `${number}` : `${number}:${custom}`
  })
  const making = new Making(root, graph)
  for (const operator of graph.tables(3)) {
    const code = codes[operator.int32(0)]
    const write = OPERATIONS[code]
    if (write === undefined) throw new Error(`a network has an operation that is not known: ${code}`)
    write(making, operator.ints(1), operator.ints(2)[0], operator.table(4))
  }
  const [input] = graph.ints(1)
  const [, height, width, channels] = making.shape(input)
  const outputs = graph.ints(2).map((number) => [making.name(number), outer(making.shape(number))])
  return model({
    name,
    opset: OPSET,
    nodes: making.nodes,
    tensors: making.tensors,
    inputs: [[making.name(input), [1, channels, height, width]]],
    outputs,
  })
}

/** The shape of a result: a picture has its channels first. */
const outer = (shape) => (shape.length === 4 ? [shape[0], shape[3], shape[1], shape[2]] : shape)

/** Padding that TFLite calls SAME, as ONNX wants it: top, left, bottom, right. */
function around([, height, width], kernel, stride) {
  const all = (size, k, s) => Math.max((Math.ceil(size / s) - 1) * s + k - size, 0)
  const [y, x] = [all(height, kernel[0], stride[0]), all(width, kernel[1], stride[1])]
  return [Math.floor(y / 2), Math.floor(x / 2), Math.ceil(y / 2), Math.ceil(x / 2)]
}

function window(shape, kernel, options) {
  const stride = [options.int32(2), options.int32(1)]
  return { kernel_shape: kernel, strides: stride, pads: options.int8(0) === SAME ? around(shape, kernel, stride) : [0, 0, 0, 0] }
}

function convolve(m, [input, weights, bias], output, options) {
  const [out, height, width, channels] = m.shape(weights)
  const of = m.constant(weights)
  const at = (o, i, y, x) => of[((o * height + y) * width + x) * channels + i]
  const turned = grid([out, channels, height, width], at)
  const w = m.put(`${m.name(weights)}.w`, [out, channels, height, width], turned)
  const b = m.put(`${m.name(bias)}.b`, [out], m.constant(bias))
  m.fused(options.int8(3), "Conv", [m.input(input), w, b], m.name(output), window(m.shape(input), [height, width], options))
}

function convolveEachChannel(m, [input, weights, bias], output, options) {
  const [, height, width, channels] = m.shape(weights)
  if (options.int32(3) !== 1) throw new Error("a network makes several channels of one")
  const of = m.constant(weights)
  const turned = grid([channels, 1, height, width], (c, _, y, x) => of[(y * width + x) * channels + c])
  const w = m.put(`${m.name(weights)}.w`, [channels, 1, height, width], turned)
  const b = m.put(`${m.name(bias)}.b`, [channels], m.constant(bias))
  const attributes = { ...window(m.shape(input), [height, width], options), group: channels }
  m.fused(options.int8(4), "Conv", [m.input(input), w, b], m.name(output), attributes)
}

/** MediaPipe's own: twice as large, by 2 x 2. Its weights are laid out like a convolution's. */
function convolveTransposed(m, [input, weights, bias], output) {
  const [out, height, width, channels] = m.shape(weights)
  if (height !== 2 || width !== 2) throw new Error("a network grows by another size than 2 x 2")
  const of = m.constant(weights)
  const turned = grid([channels, out, height, width], (i, o, y, x) => of[((o * height + y) * width + x) * channels + i])
  const w = m.put(`${m.name(weights)}.w`, [channels, out, height, width], turned)
  const b = m.put(`${m.name(bias)}.b`, [out], m.constant(bias))
  m.add("ConvTranspose", [m.input(input), w, b], m.name(output), { kernel_shape: [2, 2], strides: [2, 2] })
}

function add(m, [one, other], output, options) {
  m.fused(options.int8(0), "Add", [m.input(one), m.input(other)], m.name(output))
}

function multiply(m, [one, other], output, options) {
  m.fused(options.int8(0), "Mul", [m.input(one), m.input(other)], m.name(output))
}

function maxPool(m, [input], output, options) {
  const attributes = window(m.shape(input), [options.int32(4), options.int32(3)], options)
  m.fused(options.int8(5), "MaxPool", [m.input(input)], m.name(output), attributes)
}

/** Of channels alone: that is all these networks do. */
function pad(m, [input, paddings], output) {
  const p = m.constant(paddings)
  const turn = (i) => [p[i], p[6 + i], p[2 + i], p[4 + i]]
  const amounts = m.put(`${m.name(output)}.pads`, [8], [...turn(0), ...turn(1)], true)
  m.add("Pad", [m.input(input), amounts], m.name(output))
}

function meanOfPicture(m, [input, axes], output) {
  if (m.constant(axes).join() !== "1,2") throw new Error("a network takes another mean than that of a picture")
  m.add("GlobalAveragePool", [m.input(input)], m.name(output))
}

/** By half pixels or aligned at the corners, as the network says; always to a fixed size. */
function resize(m, [input, size], output, options) {
  const [height, width] = m.constant(size)
  const [, , , channels] = m.shape(input)
  const sizes = m.put(`${m.name(output)}.size`, [4], [1, channels, height, width], true)
  const mode = options.int8(2) !== 0 ? "align_corners" : options.int8(3) !== 0 ? "half_pixel" : "asymmetric"
  m.add("Resize", [m.input(input), "", "", sizes], m.name(output), { mode: "linear", coordinate_transformation_mode: mode })
}

function reshape(m, [input], output) {
  const turned = `${m.name(output)}.last`
  m.add("Transpose", [m.input(input)], turned, { perm: [0, 2, 3, 1] })
  const shape = m.put(`${m.name(output)}.shape`, [m.shape(output).length], m.shape(output), true)
  m.add("Reshape", [turned, shape], m.name(output))
}

function concatenate(m, inputs, output, options) {
  if (m.shape(output).length !== 3) throw new Error("a network joins pictures")
  const names = inputs.map((number) => m.name(number))
  m.fused(options.int8(1), "Concat", names, m.name(output), { axis: options.int32(0) })
}

/** Weights kept in 16 bits: the same numbers in 32. */
function widen(m, [input], output) {
  m.values.set(output, m.constant(input))
}

function unary(operation) {
  return (m, [input], output) => m.add(operation, [m.input(input)], m.name(output))
}

function grid([a, b, c, d], at) {
  const values = []
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) for (let l = 0; l < d; l++) values.push(at(i, j, k, l))
  return values
}

/** A number of IEEE 754 binary16. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
