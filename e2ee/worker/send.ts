/** What becomes of each frame that a send transform gets. Pure but for WebCrypto. */

import type { Bytes } from "./bytes.ts"
import { loudness, sealFrame } from "./frame.ts"
import type { KeyRing } from "./keys.ts"
import type { Context, StreamCounts } from "./port.ts"
import { tally } from "./receive.ts"
import type { Codec } from "./shim.ts"

/** What an encoder gives. */
interface Encoded {
  readonly codec: Codec | null // null: none that Paravent carries
  readonly key: boolean
  readonly data: Uint8Array
  readonly audioLevel: number | undefined // linear, 0..1
  readonly ssrc: number // layers of one source may be streams of their own
}

/** What came of one stream. */
interface Stream {
  came: number
  passed: number
}

/** Streams that are counted: more are no layers, and nobody's memory is theirs. */
const STREAMS_MAX = 64

export class Sender {
  readonly counts = tally()
  readonly #ring: KeyRing
  readonly #context: Context
  readonly #streams = new Map<number, Stream>()

  constructor(ring: KeyRing, context: Context) {
    this.#ring = ring
    this.#context = context
  }

  get streams(): readonly StreamCounts[] {
    return Array.from(this.#streams, ([ssrc, { came, passed }]) => ({ ssrc, came, passed }))
  }

  /** The sealed frame; null when it must not be sent. There is no third outcome. */
  async send({ codec, key, data, audioLevel, ssrc }: Encoded, now: number): Promise<Bytes | null> {
    const stream = this.#stream(ssrc)
    stream.came++
    const grant = this.#ring.grant(this.#context, now)
    if (grant === null) {
      this.counts.noKey++
      return null
    }
    const sealed = codec === null ? null : await sealFrame({ codec, key, data, loudness: loudness(audioLevel) }, grant)
    if (sealed === null) this.counts.forged++
    else {
      this.counts.passed++
      stream.passed++
    }
    return sealed
  }

  #stream(ssrc: number): Stream {
    const known = this.#streams.get(ssrc)
    if (known !== undefined) return known
    const stream = { came: 0, passed: 0 }
    if (this.#streams.size < STREAMS_MAX) this.#streams.set(ssrc, stream)
    return stream
  }
}
