/**
 * A camera's or screen's track as others get it. The raw track stays in here:
 * it is given to two workers, and what they let out becomes the track that is
 * shown and sent. There is none until the first frame was searched. When a
 * worker is silent the page covers everything by itself; when it stays so, or
 * breaks, the track is taken away and all begins anew.
 */

import { startMaskWorker } from "../crypto/port.ts"
import type { Loaded } from "./detect/load.ts"
import { type Path, pathHere } from "./path.ts"
import type { FromMask, ToFull, ToMask } from "./port.ts"
import { Silence, Tries } from "./silence.ts"
import { openSink, type Sink } from "./sink.ts"
import { openSource, type Source } from "./source.ts"
import type { Standing, Strength, Treatment } from "./treatment.ts"

/** How often the worker is looked after (ms). */
const LOOK_MS = 50

/** What has not ended by itself after this (ms) is ended. */
const END_MS = 1000

export interface TreatedHeard {
  /** To be shown and sent; null: nothing. */
  track(track: MediaStreamTrack | null): void
  standing(standing: Standing): void
  /** How much later than the camera (ms) the picture is. */
  late(ms: number): void
}

/**
 * The networks, once they came: workers that begin anew need no server for them.
 * The browser's own cache keeps nothing of one whose certificate it does not know.
 */
let kept: Loaded | null = null

/** Tracks that came out of a mask worker, with the strength they were begun with. No other may be sent while a mask is wanted. */
const strengths = new WeakMap<MediaStreamTrack, Strength>()
export const strengthOf = (track: MediaStreamTrack): Strength | undefined => strengths.get(track)

/** Whether this browser has what is needed at all. */
const able = (): boolean => typeof VideoFrame === "function" && typeof OffscreenCanvas === "function"

export class TreatedTrack {
  readonly #raw: MediaStreamTrack
  readonly #heard: TreatedHeard
  readonly #tries = new Tries()
  #treatment: Treatment
  #camera: string
  #life: Life | null = null
  #again: ReturnType<typeof setTimeout> | undefined
  #begun = 0

  constructor(raw: MediaStreamTrack, camera: string, treatment: Treatment, heard: TreatedHeard) {
    this.#raw = raw
    this.#camera = camera
    this.#treatment = treatment
    this.#heard = heard
    this.#begin()
  }

  treat(treatment: Treatment, camera: string): void {
    this.#treatment = treatment
    this.#camera = camera
    this.#life?.post({ do: "treat", treatment, camera })
  }

  /** Ends the workers. The raw track is the caller's. */
  close(): void {
    clearTimeout(this.#again)
    this.#begun++
    this.#life?.close()
    this.#life = null
  }

  #begin(): void {
    const { standing, late } = this.#heard
    const begun = ++this.#begun
    standing({ is: "loading", part: 0 })
    const ended = (): void => {
      this.close()
      this.#heard.track(null)
    }
    let strength = this.#treatment.strength
    const heard: LifeHeard = {
      track: (track) => {
        strengths.set(track, strength)
        track.contentHint = this.#raw.contentHint
        this.#tries.good(performance.now())
        this.#heard.track(track)
      },
      standing,
      late,
      broke: () => {
        ended()
        standing({ is: "stopped" })
        this.#again = setTimeout(() => this.#begin(), this.#tries.failed(performance.now()))
      },
      unavailable: () => {
        ended()
        standing({ is: "unavailable" })
      },
    }
    if (!able()) return standing({ is: "unavailable" })
    const open = (path: Path): void => {
      if (begun !== this.#begun) return // closed meanwhile
      strength = this.#treatment.strength
      this.#life = new Life(path, this.#raw, this.#camera, this.#treatment, heard)
    }
    pathHere().then(open).catch(heard.broke)
  }
}

interface LifeHeard extends Omit<TreatedHeard, "track"> {
  track(track: MediaStreamTrack): void
  broke(): void
  unavailable(): void
}

/** Two workers and what belongs to them, until one of them breaks. */
class Life {
  readonly #mask = startMaskWorker()
  readonly #full = startMaskWorker()
  readonly #raw: MediaStreamTrack
  readonly #heard: LifeHeard
  readonly #sink: Sink
  readonly #source: Source
  readonly #silence = new Silence(performance.now())
  readonly #watch: ReturnType<typeof setInterval>
  #over = false
  #shown = false // the track was handed on
  #covered = false // by the page, as the worker is silent
  #last: Standing = { is: "loading", part: 0 }
  readonly #muted = (): void => this.post({ do: "mute" })

  constructor(path: Path, raw: MediaStreamTrack, camera: string, treatment: Treatment, heard: LifeHeard) {
    this.#raw = raw
    this.#heard = heard
    this.#sink = openSink(path)
    this.#mask.onmessage = ({ data }: MessageEvent<FromMask>) => this.#hear(data)
    for (const worker of [this.#mask, this.#full]) {
      worker.onerror = () => this.#broke()
      worker.onmessageerror = () => this.#broke()
    }
    const { port1, port2 } = new MessageChannel()
    this.post({ do: "mask", full: port1, treatment, camera, path, loaded: kept }, [port1])
    this.#full.postMessage({ do: "full", mask: port2 } satisfies ToFull, [port2])
    try {
      this.#source = openSource(path, raw, (message, move) => this.post(message, move))
    } catch (e) {
      this.#mask.terminate()
      this.#full.terminate()
      this.#sink.close()
      throw e
    }
    raw.addEventListener("mute", this.#muted)
    this.#watch = setInterval(() => this.#look(), LOOK_MS)
  }

  post(message: ToMask, move: Transferable[] = []): void {
    this.#mask.postMessage(message, move)
  }

  close(): void {
    this.#over = true
    clearInterval(this.#watch)
    this.#raw.removeEventListener("mute", this.#muted)
    this.#source.close()
    // It gives back the frames that it has, if it still can.
    this.post({ do: "end" })
    setTimeout(() => this.#mask.terminate(), END_MS)
    this.#full.terminate()
    this.#sink.close()
  }

  #hear(message: FromMask): void {
    if (message.on === "released" && this.#over) return message.picture?.close()
    if (message.on === "generated" && this.#over) return message.track.stop()
    if (this.#over) return
    this.#silence.hear(performance.now())
    switch (message.on) {
      case "alive":
      case "has":
        return
      case "generated":
        return this.#sink.receive?.(message.track)
      case "loading":
        return this.#stand({ is: "loading", part: message.part })
      case "loaded":
        kept = message.loaded
        return
      case "ready":
        this.#silence.ready(performance.now())
        return this.#stand({ is: "loading", part: 1 })
      case "taken":
        return this.#source.taken()
      case "released":
        return this.#show(message)
      case "standing":
        return this.#stand(message.standing)
      case "fault":
        return this.#broke()
      case "unavailable":
        kept = null // it may be their fault
        return this.#heard.unavailable()
    }
  }

  #show({ picture, searched, late }: Extract<FromMask, { on: "released" }>): void {
    if (picture !== null) this.#sink.show(picture)
    this.#uncover()
    this.#heard.late(late)
    const { track } = this.#sink
    if (this.#shown || !searched || track === null) return
    this.#shown = true
    this.#heard.track(track)
  }

  #look(): void {
    const found = this.#silence.look(performance.now())
    if (found === "stop") return this.#broke()
    if (found === "well") return this.#uncover()
    this.#covered = true
    this.#sink.cover()
    this.#heard.standing({ is: "late" })
  }

  /** The worker speaks again: what it said last holds. */
  #uncover(): void {
    if (!this.#covered) return
    this.#covered = false
    this.#sink.uncover()
    this.#stand(this.#last)
  }

  #stand(standing: Standing): void {
    this.#last = standing
    this.#heard.standing(standing)
  }

  #broke(): void {
    if (!this.#over) this.#heard.broke()
  }
}
