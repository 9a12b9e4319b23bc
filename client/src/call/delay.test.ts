import assert from "node:assert/strict"
import { test } from "node:test"
import { Delay } from "./delay.ts"

/** Names in place of tracks: what a browser would make of them is not of interest. */
const track = (name: string): MediaStreamTrack => ({ name, stop: () => undefined }) as unknown as MediaStreamTrack

class Context {
  static newest: Context
  state: AudioContextState = "suspended"
  onstatechange: (() => void) | null = null
  readonly baseLatency = 0.01
  readonly currentTime = 0
  readonly #asked: AudioContextState
  readonly delayTime = {
    value: 0,
    linearRampToValueAtTime: (value: number) => {
      this.delayTime.value = value
    },
  }

  constructor() {
    this.#asked = asked
    Context.newest = this
  }

  createDelay = () => ({ delayTime: this.delayTime, connect: (to: unknown) => to })
  createMediaStreamSource = () => ({ connect: (to: unknown) => to })
  createMediaStreamDestination = () => ({ channelCount: 2, stream: { getAudioTracks: () => [track("delayed")] } })

  become(state: AudioContextState): void {
    this.state = state
    this.onstatechange?.()
  }

  async resume(): Promise<void> {
    if (this.#asked === "running") this.become("running")
  }

  async close(): Promise<void> {
    this.become("closed")
  }
}

/** What a context becomes when it is asked to run. */
let asked: AudioContextState = "running"

Object.assign(globalThis, { AudioContext: Context, MediaStream: class {} })

/** A delay, and the names of the tracks that it has given. */
function delay(): [Delay, string[]] {
  const given: string[] = []
  return [new Delay((t) => given.push(t === null ? "none" : (t as unknown as { name: string }).name)), given]
}

test("a microphone is as late as the picture, and at once again when no picture is", () => {
  asked = "running"
  const [sound, given] = delay()
  sound.raw(track("raw"))
  sound.late(120)
  assert.deepEqual(given, ["raw", "delayed"])
  assert.equal(Math.round(Context.newest.delayTime.value * 1000), 110, "the context is late by itself")
  sound.late(180)
  assert.equal(Math.round(Context.newest.delayTime.value * 1000), 170)
  assert.equal(given.length, 2, "the same track goes on")
  sound.late(0)
  assert.deepEqual(given.slice(2), ["raw"])
  assert.equal(Context.newest.state, "closed")
})

test("a microphone that is turned on while the picture is late begins late", () => {
  asked = "running"
  const [sound, given] = delay()
  sound.late(100)
  sound.raw(track("raw"))
  assert.equal(given.at(-1), "delayed")
  sound.raw(null)
  assert.equal(given.at(-1), "none")
  assert.equal(Context.newest.state, "closed")
})

test("where no sound is made the microphone is heard as it is, and again when the making stops", () => {
  asked = "suspended"
  const [sound, given] = delay()
  sound.raw(track("raw"))
  sound.late(100)
  assert.deepEqual(given, ["raw"])
  Context.newest.become("running")
  assert.equal(given.at(-1), "delayed")
  Context.newest.become("suspended")
  assert.equal(given.at(-1), "raw")
})

test("no picture is later than what can be made up for", () => {
  asked = "running"
  const [sound] = delay()
  sound.raw(track("raw"))
  sound.late(9000)
  assert.equal(Context.newest.delayTime.value, 1)
})
