/** What becomes of each frame that a send transform gets. Pure but for WebCrypto. */

import type { Bytes } from "./bytes.ts"
import { loudness, sealFrame } from "./frame.ts"
import type { KeyRing } from "./keys.ts"
import type { Context } from "./port.ts"
import { tally } from "./receive.ts"
import type { Codec } from "./shim.ts"

/** What an encoder gives. */
export interface Encoded {
  readonly codec: Codec | null // null: none that Paravent carries
  readonly key: boolean
  readonly data: Uint8Array
  readonly audioLevel: number | undefined // linear, 0..1
}

export class Sender {
  readonly counts = tally()
  readonly #ring: KeyRing
  readonly #context: Context

  constructor(ring: KeyRing, context: Context) {
    this.#ring = ring
    this.#context = context
  }

  /** The sealed frame; null when it must not be sent. There is no third outcome. */
  async send({ codec, key, data, audioLevel }: Encoded, now: number): Promise<Bytes | null> {
    const grant = this.#ring.grant(this.#context, now)
    if (grant === null) {
      this.counts.noKey++
      return null
    }
    const sealed = codec === null ? null : await sealFrame({ codec, key, data, loudness: loudness(audioLevel) }, grant)
    if (sealed === null) this.counts.forged++
    else this.counts.passed++
    return sealed
  }
}
