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
  waits: boolean // for a key frame, after it was held
}

/** Streams that are counted: more are no layers, and nobody's memory is theirs. */
const STREAMS_MAX = 64

export class Sender {
  readonly counts = tally()
  /** Whether the last frame was dropped only for not being a key frame. */
  waits = false
  readonly #ring: KeyRing
  readonly #context: Context
  readonly #streams = new Map<number, Stream>()
  #held = false

  constructor(ring: KeyRing, context: Context) {
    this.#ring = ring
    this.#context = context
  }

  get streams(): readonly StreamCounts[] {
    return Array.from(this.#streams, ([ssrc, { came, passed }]) => ({ ssrc, came, passed }))
  }

  /** Lets nothing pass any more, or again from each stream's next key frame on. */
  hold(on: boolean): void {
    if (this.#held && !on) for (const stream of this.#streams.values()) stream.waits = true
    this.#held = on
  }

  /** The sealed frame; null when it must not be sent. There is no third outcome. */
  async send({ codec, key, data, audioLevel, ssrc }: Encoded, now: number): Promise<Bytes | null> {
    const stream = this.#stream(ssrc)
    stream.came++
    this.waits = !this.#held && stream.waits && !key
    if (this.#held || this.waits) return null
    const grant = this.#ring.grant(this.#context, now)
    if (grant === null) {
      this.counts.noKey++
      return null
    }
    const sealed = codec === null ? null : await sealFrame({ codec, key, data, loudness: loudness(audioLevel) }, grant)
    if (this.#held) return null // meanwhile
    if (sealed === null) this.counts.forged++
    else {
      this.counts.passed++
      stream.passed++
      stream.waits = false
    }
    return sealed
  }

  #stream(ssrc: number): Stream {
    const known = this.#streams.get(ssrc)
    if (known !== undefined) return known
    const stream = { came: 0, passed: 0, waits: false }
    if (this.#streams.size < STREAMS_MAX) this.#streams.set(ssrc, stream)
    return stream
  }
}
