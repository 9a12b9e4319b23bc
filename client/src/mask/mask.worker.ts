/**
 * The worker that treats pictures: one script with two roles, and the first
 * message says which. The mask worker gets every frame of the camera and lets
 * out what was covered; the full worker searches a frame now and then with all
 * networks, which would take the mask worker too long. It keeps, prints and
 * sends nothing. This file only joins the browser's objects to the other parts.
 */

import { Policy } from "./cover/policy.ts"
import { load } from "./detect/load.ts"
import { Loop } from "./loop.ts"
import { type Nets, openNets } from "./nets.ts"
import { Painter, type Shot } from "./paint/paint.ts"
import type { Has } from "./path.ts"
import type { Answer, Asks, FromMask, ToFull, ToMask } from "./port.ts"
import { brightness, leaves, Sight } from "./sight.ts"
import { formOf, openWorkerSink } from "./sink.ts"
import { framesOf } from "./source.ts"
import { searches } from "./treatment.ts"

/** How often what waits is looked at (ms). */
const TICK_MS = 20

/** A word at least this often says that the worker lives (ms). */
const ALIVE_MS = 50

/** A camera that has given nothing for so long is gone for a while, and all is covered (ms). */
const STILL_MS = 500

type Begin = Extract<ToMask, { do: "mask" }>

function mask({ full, treatment, camera, path, loaded }: Begin): void {
  let said = 0
  let ready = false
  let over = false
  let last = { at: 0, timestamp: 0 } // of the newest frame
  let next: ReturnType<typeof setTimeout> | undefined // when a frame is due
  const post = (message: FromMask, move: Transferable[] = []): void => {
    if (over) return
    said = performance.now()
    self.postMessage(message, { transfer: move })
  }
  const end = (on: "fault" | "unavailable"): void => {
    post({ on })
    over = true
    loop.close()
  }

  let reader: ReadableStreamDefaultReader<VideoFrame> | null = null // of the camera, where a browser can move it
  let raw: MediaStreamTrack | null = null // the copy of the camera's, where that was moved
  const sink = path === "tracks" ? openWorkerSink() : null
  if (sink !== null) post({ on: "generated", track: sink.track }, [sink.track as unknown as Transferable])
  const sight = new Sight()
  const painter = new Painter(crypto.getRandomValues(new Uint32Array(1))[0] ?? 1, formOf(path))
  const open = async (): Promise<Nets> => {
    const all = loaded ?? (await load((part) => post({ on: "loading", part })))
    if (loaded === null) post({ on: "loaded", loaded: all })
    full.postMessage({ do: "open", loaded: all } satisfies Asks)
    return openNets(all)
  }
  const own = searches(treatment) ? open() : null // a treatment that needs them later begins with workers of its own
  const loop = new Loop<Shot, VideoFrame | ImageBitmap>(
    {
      now: () => performance.now(),
      judge: ({ strength }) => new Policy({ body: strength === "body" }),
      pixels: ({ frame, width, height }) => sight.pixels(frame, width, height),
      brightness,
      async fast(pixels, short) {
        const nets = await own
        if (nets === null) throw new Error("nothing to search with")
        return nets.fast(pixels, short)
      },
      ask: (ask) => full.postMessage({ do: "search", ...ask } satisfies Asks),
      paint: (shot, seen, cover, how, person) => painter.paint(shot, seen, cover, how, person),
      blank: (width, height, how, timestamp) => painter.blank(width, height, how, timestamp),
      released: (picture, searched, late) => {
        if (over) picture.close()
        else if (sink === null) post({ on: "released", picture, searched, late }, [picture])
        else {
          sink.show(picture)
          post({ on: "released", picture: null, searched, late })
        }
      },
      standing: (standing) => post({ on: "standing", standing }),
      wake: (ms) => {
        clearTimeout(next)
        next = setTimeout(tick, ms)
      },
    },
    treatment,
    camera,
  )

  const other = new Promise<void>((done) => {
    full.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.on === "ready") done()
      else if (data.on === "found") loop.found(data.id, data.faces, data.person)
      else end(data.on)
    }
  })
  own?.catch(() => end("unavailable"))
  void Promise.all(own === null ? [] : [own, other]).then(
    () => {
      ready = true
      last = { ...last, at: performance.now() }
      post({ on: "ready" })
    },
    () => undefined, // said above
  )

  async function take(frame: VideoFrame): Promise<void> {
    const [width, height] = [frame.displayWidth, frame.displayHeight]
    if (!ready || over || width === 0 || height === 0) return frame.close()
    last = { at: performance.now(), timestamp: frame.timestamp }
    const [w, h] = leaves(width, height)
    await loop.take({ frame, width: w, height: h })
  }

  async function takeAll(from: ReadableStream<VideoFrame>): Promise<void> {
    reader = from.getReader()
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      await take(value)
    }
  }

  setInterval(tick, TICK_MS)

  function tick(): void {
    if (over) return
    try {
      loop.release()
      const now = performance.now()
      if (loop.deaf) return end("fault")
      if (ready && now - last.at > STILL_MS) {
        last = { at: now, timestamp: last.timestamp + (now - last.at) * 1000 }
        loop.still(last.timestamp)
      }
      if (now - said >= ALIVE_MS) post({ on: "alive" })
    } catch {
      end("fault")
    }
  }

  self.onmessage = ({ data }: MessageEvent<ToMask>) => {
    switch (data.do) {
      case "has":
      case "mask":
        return // said once
      case "treat":
        return loop.treat(data.treatment, data.camera)
      case "frames":
        return void takeAll(data.from).catch(() => end("fault"))
      case "track":
        raw = data.track
        return void takeAll(framesOf(raw)).catch(() => end("fault"))
      case "frame":
        return void take(data.frame).then(
          () => post({ on: "taken" }),
          () => end("fault"),
        )
      case "mute":
        return loop.mute()
      case "end":
        over = true
        loop.close()
        raw?.stop() // else it would keep the camera on
        return void (reader?.cancel() ?? Promise.resolve()).catch(() => undefined).then(() => self.close())
    }
  }
}

function full({ mask: port }: ToFull): void {
  const say = (answer: Answer): void => port.postMessage(answer)
  let own: Promise<Nets> | null = null
  let work: Promise<void> = Promise.resolve()
  port.onmessage = ({ data }: MessageEvent<Asks>) => {
    if (data.do === "open") {
      own = openNets(data.loaded)
      own.then(
        () => say({ on: "ready" }),
        () => say({ on: "unavailable" }),
      )
      return
    }
    const { id, pixels, known, person } = data
    work = work
      .then(async () => {
        const nets = await own
        if (nets === null) throw new Error("nothing to search with")
        if (person) say({ on: "found", id, faces: null, person: await nets.person(pixels) })
        if (known !== null) say({ on: "found", id, faces: await nets.full(pixels, known), person: null })
      })
      .catch(() => say({ on: "fault" }))
  }
}

const hasHere = (): Has => ({ processor: "MediaStreamTrackProcessor" in self, generator: "VideoTrackGenerator" in self })

self.onmessage = ({ data }: MessageEvent<ToMask | ToFull>) => {
  if (data.do === "has") self.postMessage({ on: "has", has: hasHere() } satisfies FromMask)
  else if (data.do === "mask") mask(data)
  else if (data.do === "full") full(data)
}
