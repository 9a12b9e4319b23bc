/**
 * The microphone as late as the picture, so that lips and words stay together
 * while frames wait to be searched. Where the browser does not run an
 * AudioContext the sound goes on as it is: to be heard matters more.
 */

interface Chain {
  readonly context: AudioContext
  readonly delay: DelayNode
  readonly track: MediaStreamTrack
  given: boolean
}

/** Longer lateness (s) than any picture's. */
const MOST = 1

/** For so long (s) the delay glides, as a jump would crackle. */
const GLIDE = 0.5

export class Delay {
  readonly #give: (track: MediaStreamTrack | null) => void
  #raw: MediaStreamTrack | null = null
  #late = 0 // ms
  #chain: Chain | null = null

  constructor(give: (track: MediaStreamTrack | null) => void) {
    this.#give = give
  }

  /** The microphone's own track; null when it is off. */
  raw(track: MediaStreamTrack | null): void {
    this.#end()
    this.#raw = track
    this.#give(track)
    if (track !== null && this.#late > 0) this.#begin(track)
  }

  late(ms: number): void {
    this.#late = ms
    if (this.#raw === null) return
    if (ms === 0) {
      if (this.#chain === null) return
      this.#end()
      this.#give(this.#raw)
    } else if (this.#chain === null) this.#begin(this.#raw)
    else this.#chain.delay.delayTime.linearRampToValueAtTime(this.#seconds(this.#chain.context), this.#chain.context.currentTime + GLIDE)
  }

  #begin(raw: MediaStreamTrack): void {
    const context = opened()
    if (context === null) return
    const out = context.createMediaStreamDestination()
    out.channelCount = 1
    const delay = context.createDelay(MOST)
    delay.delayTime.value = this.#seconds(context)
    context
      .createMediaStreamSource(new MediaStream([raw]))
      .connect(delay)
      .connect(out)
    const track = out.stream.getAudioTracks()[0]
    if (track === undefined) return void context.close()
    const chain: Chain = { context, delay, track, given: false }
    this.#chain = chain
    const follow = (): void => {
      if (this.#chain !== chain) return
      const runs = context.state === "running"
      if (runs === chain.given) return
      chain.given = runs
      this.#give(runs ? track : raw)
    }
    context.onstatechange = follow
    void context.resume().catch(() => undefined) // stays as it is, and so does the sound
    follow()
  }

  #end(): void {
    const chain = this.#chain
    this.#chain = null
    if (chain === null) return
    chain.track.stop()
    void chain.context.close()
  }

  /** The context takes a moment itself. */
  #seconds(context: AudioContext): number {
    return Math.min(MOST, Math.max(0, this.#late / 1000 - context.baseLatency))
  }
}

/** Null where there are too many, or no sound at all. */
function opened(): AudioContext | null {
  try {
    return new AudioContext()
  } catch {
    return null
  }
}
