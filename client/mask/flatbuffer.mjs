/** Reads FlatBuffers, as far as TFLite files need it (flatbuffers.dev, "Internals"). */

/** One table of a buffer. Fields are numbered from 0, in the order of the schema. */
export class Table {
  #bytes
  #at

  constructor(bytes, at) {
    this.#bytes = bytes
    this.#at = at
  }

  /** The root table of a file. */
  static root(bytes) {
    return new Table(bytes, bytes.readUInt32LE(0))
  }

  /** Where a field's value lies; 0: it is not there. */
  #field(number) {
    const vtable = this.#at - this.#bytes.readInt32LE(this.#at)
    const slot = 4 + 2 * number
    const offset = slot < this.#bytes.readUInt16LE(vtable) ? this.#bytes.readUInt16LE(vtable + slot) : 0
    return offset === 0 ? 0 : this.#at + offset
  }

  int8(number) {
    const at = this.#field(number)
    return at === 0 ? 0 : this.#bytes.readInt8(at)
  }

  int32(number, otherwise = 0) {
    const at = this.#field(number)
    return at === 0 ? otherwise : this.#bytes.readInt32LE(at)
  }

  table(number) {
    const at = this.#field(number)
    return at === 0 ? null : new Table(this.#bytes, this.#pointed(at))
  }

  /** Elements of a vector of int32. */
  ints(number) {
    return this.#vector(number, (at, i) => this.#bytes.readInt32LE(at + 4 * i))
  }

  tables(number) {
    return this.#vector(number, (at, i) => new Table(this.#bytes, this.#pointed(at + 4 * i)))
  }

  /** A vector of bytes, or a string, without a copy. */
  bytes(number) {
    const at = this.#field(number)
    if (at === 0) return Buffer.alloc(0)
    const vector = this.#pointed(at)
    return this.#bytes.subarray(vector + 4, vector + 4 + this.#bytes.readUInt32LE(vector))
  }

  #vector(number, element) {
    const at = this.#field(number)
    if (at === 0) return []
    const vector = this.#pointed(at)
    return Array.from({ length: this.#bytes.readUInt32LE(vector) }, (_, i) => element(vector + 4, i))
  }

  #pointed(at) {
    return at + this.#bytes.readUInt32LE(at)
  }
}
