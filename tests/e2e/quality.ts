/**
 * What real browsers see and hear in bad networks, with each of the server's
 * transports: the browsers' part of the section "Bad networks" of
 * docs/performance.md. Run by tests/e2e/run.sh quality; not part of the tests.
 *
 *   QUALITY="engine chromium step" tests/e2e/run.sh quality    only that; words may be left out
 */

import { Browsers, KINDS, type Kind } from "./harness/browsers.ts"
import { Meeting } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { Relay, type Ways } from "./harness/relay.ts"
import { Server } from "./harness/server.ts"
import { pause } from "./harness/wait.ts"

const TRANSPORTS = ["engine", "pion"] as const
const NEAR = 20 // ms, one way
const FINE = 400 // ms between pictures, at most, where all is well
const FINE_TIME = 3000 // ms that it has to be so for
const LARGE = 340 // lines of the largest layer, about: all that two cores can encode and decode beside a server

/** A camera whose pictures need the bits they are given: noise that moves, over a slow gradient. */
const CAMERA = `{
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = async (wanted = {}) => {
    if (!wanted.video) return real(wanted)
    const make = (w, h) => Object.assign(document.createElement("canvas"), { width: w, height: h })
    const noise = make(760, 440), shown = make(640, 360)
    const g = noise.getContext("2d"), out = shown.getContext("2d")
    const data = g.createImageData(noise.width, noise.height)
    let x = 1
    for (let i = 0; i < data.data.length; i += 4) {
      x = (x * 1103515245 + 12345) & 0x7fffffff
      data.data[i] = data.data[i + 1] = data.data[i + 2] = x >> 23
      data.data[i + 3] = 40
    }
    g.putImageData(data, 0, 0)
    let n = 0
    const paint = () => {
      n++
      out.fillStyle = "hsl(" + (n % 360) + " 40% 50%)"
      out.fillRect(0, 0, 640, 360)
      out.drawImage(noise, -((n * 3) % 120), -(n % 80))
    }
    paint()
    setInterval(paint, 66)
    return new MediaStream([...shown.captureStream().getVideoTracks(), ...(wanted.audio ? (await real({ audio: wanted.audio })).getTracks() : [])])
  }
}`

/** Notes when each picture of somebody else came, and how many lines it had. */
const EYES = `{
  window.seen = []
  const watched = new WeakSet()
  const watch = (video) => {
    if (watched.has(video)) return
    watched.add(video)
    const next = () => { window.seen.push([performance.now(), video.videoHeight]); video.requestVideoFrameCallback(next) }
    video.requestVideoFrameCallback(next)
  }
  new MutationObserver(() => document.querySelectorAll("[data-person] video").forEach(watch)).observe(document, { subtree: true, childList: true })
}`

interface Sound {
  readonly concealed: number
  readonly all: number
  readonly lost: number // packets
  readonly came: number
}

type Frame = readonly [at: number, lines: number]

const now = (p: Person): Promise<number> => p.page.evaluate(() => performance.now())
const seen = (p: Person, from: number): Promise<Frame[]> =>
  p.page.evaluate((at) => (window as unknown as { seen: Frame[] }).seen.filter((f) => f[0] >= at), from)
const sound = (p: Person): Promise<Sound> =>
  p.page.evaluate(async () => {
    const sum = { concealed: 0, all: 0, lost: 0, came: 0 }
    for (const s of await window.probe.stats()) {
      if (s["type"] !== "inbound-rtp" || s["kind"] !== "audio" || s["packetsReceived"] === 0) continue
      // Silence that was made up because nothing was sent is none that was lost.
      sum.concealed += Number(s["concealedSamples"] ?? 0) - Number(s["silentConcealedSamples"] ?? 0)
      sum.all += Number(s["totalSamplesReceived"] ?? 0)
      sum.lost += Number(s["packetsLost"] ?? 0)
      sum.came += Number(s["packetsReceived"] ?? 0)
    }
    return sum
  })

/** What the browser counts of its pictures and sound, for those who look into a figure. */
const counters = (p: Person): Promise<string> =>
  p.page.evaluate(async () => {
    const all: unknown[] = []
    const of = [
      "rid",
      "frameHeight",
      "frames",
      "key",
      "nack",
      "pli",
      "retransmitted",
      "packets",
      "quality",
      "target",
      "totalEncode",
      "totalDecode",
      "jitterBufferDelay",
      "freeze",
      "discarded",
      "concealed",
      "totalSamples",
    ]
    for (const s of await window.probe.stats()) {
      if (!/^(in|out)bound/.test(String(s["type"])) || !(Number(s["bytesReceived"] ?? s["bytesSent"]) > 0)) continue
      all.push(Object.fromEntries(Object.entries(s).filter(([k]) => of.some((name) => k.startsWith(name)))))
    }
    return JSON.stringify(all)
  })

/** The longest time without a new picture. */
function freeze(frames: readonly Frame[], from: number, to: number): number {
  let [last, longest] = [from, 0]
  for (const [at] of frames) {
    if (at < from || at > to) continue
    longest = Math.max(longest, at - last)
    last = at
  }
  return Math.max(longest, to - last)
}

/** How long it takes until pictures of at least so many lines follow each other, for a while. */
function settles(frames: readonly Frame[], from: number, to: number, lines: number): number {
  let [since, last] = [from, from]
  let on = lines === 0
  for (const [at, height] of frames) {
    if (at < from || at > to) continue
    if (at - last > FINE || height < lines) {
      since = at
      on = height >= lines
    } else if (!on) {
      since = at
      on = true
    }
    last = at
    if (on && at - since >= FINE_TIME) return since - from
  }
  return to - from
}

const rate = (frames: readonly Frame[], from: number, to: number): number =>
  frames.filter(([at]) => at >= from && at <= to).length / ((to - from) / 1000)

const middle = (frames: readonly Frame[], from: number, to: number): number => {
  const all = frames.filter(([at]) => at >= from && at <= to).map(([, lines]) => lines)
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
}

interface Scenario {
  readonly name: string
  readonly ways: Ways
  readonly uplink?: true // the network is that of who sends
  readonly length: number // ms
  figures(frames: readonly Frame[], from: number, sound: Sound): Record<string, number>
}

const seconds = (ms: number): number => Math.round(ms / 10) / 100

/** Two rates after each other, and the first again. */
const step = (name: string, uplink: boolean, high: number, low: number): Scenario => ({
  name,
  ...(uplink ? { uplink } : {}),
  ways: {
    [uplink ? "up" : "down"]: [
      { at: 0, rate: high, delay: NEAR },
      { at: 20_000, rate: low, delay: NEAR },
      { at: 35_000, rate: high, delay: NEAR },
    ],
    [uplink ? "down" : "up"]: [{ at: 0, delay: NEAR }],
  },
  length: 55_000,
  figures: (frames, from) => ({
    [`before_lines_${name}`]: middle(frames, from + 15_000, from + 20_000),
    [`freeze_ms_${name}`]: Math.round(freeze(frames, from + 20_000, from + 35_000)),
    [`adapt_down_s_${name}`]: seconds(settles(frames, from + 20_000, from + 35_000, 0)),
    [`low_lines_${name}`]: middle(frames, from + 25_000, from + 35_000),
    [`low_fps_${name}`]: Math.round(rate(frames, from + 25_000, from + 35_000)),
    [`recover_full_s_${name}`]: seconds(settles(frames, from + 35_000, from + 55_000, LARGE)),
  }),
})

const SCENARIOS: readonly Scenario[] = [
  {
    name: "good",
    ways: {},
    length: 15_000,
    figures: (frames, from) => ({
      full_s_good: seconds(settles(frames, from, from + 15_000, LARGE)),
      freeze_ms_good: Math.round(freeze(frames, from, from + 15_000)),
      fps_good: Math.round(rate(frames, from, from + 15_000)),
    }),
  },
  step("step", false, 1_000_000, 250_000),
  step("upstep", true, 1_000_000, 250_000),
  {
    name: "loss5",
    ways: { up: [{ at: 0, delay: NEAR, loss: 0.05 }], down: [{ at: 0, rate: 2_000_000, delay: NEAR, loss: 0.05 }] },
    length: 25_000,
    figures: (frames, from, { concealed, all, lost, came }) => ({
      audio_lost_percent_loss5: Math.round((10_000 * lost) / Math.max(1, lost + came)) / 100,
      audio_gap_percent_loss5: Math.round((10_000 * concealed) / Math.max(1, all)) / 100,
      freeze_ms_loss5: Math.round(freeze(frames, from + 5000, from + 25_000)),
      lines_loss5: middle(frames, from + 5000, from + 25_000),
      fps_loss5: Math.round(rate(frames, from + 5000, from + 25_000)),
    }),
  },
  {
    name: "cut",
    ways: {
      up: [{ at: 0 }, { at: 5000, cut: true }, { at: 8000 }],
      down: [
        { at: 0, rate: 1_500_000, delay: NEAR },
        { at: 5000, cut: true },
        { at: 8000, rate: 1_500_000, delay: NEAR },
      ],
    },
    length: 23_000,
    figures: (frames, from) => ({
      back_s_cut: seconds(settles(frames, from + 8000, from + 23_000, 0)),
      recover_full_s_cut: seconds(settles(frames, from + 8000, from + 23_000, LARGE)),
    }),
  },
  {
    name: "burst",
    ways: { up: [{ at: 0, delay: NEAR }], down: [{ at: 0, rate: 2_000_000, delay: NEAR, begin: 0.005, end: 0.1 }] },
    length: 25_000,
    figures: (frames, from) => ({ freeze_ms_burst: Math.round(freeze(frames, from + 5000, from + 25_000)) }),
  },
]

const words = (process.env["QUALITY"] ?? "").split(" ").filter((w) => w !== "")
const chosen = <T>(all: readonly T[], name: (t: T) => string): readonly T[] => {
  const some = all.filter((t) => words.includes(name(t)))
  return some.length > 0 ? some : all
}

const figures: string[] = []

/** One sends by a camera and a microphone, the other watches; the network of one of them becomes bad in one way after the other. */
async function compare(transport: string, kind: Kind): Promise<void> {
  const browsers = new Browsers()
  const server = await Server.start({ flags: ["-transport", transport] })
  const [first, second] = [await Relay.start(server.origin, 1), await Relay.start(server.origin, 2)]
  try {
    const meeting = new Meeting(server, browsers)
    await meeting.host("chromium", { number: 91, name: "Ada", scripts: [CAMERA, first.script] })
    const viewport = { width: 1700, height: 1050 }
    const bob = await meeting.guest(kind, { number: 92, name: "Bob", viewport, scripts: [EYES, second.script] }, {})
    await bob.until("sees pictures", async () => (await seen(bob, 0)).length > 30)
    for (const s of chosen(SCENARIOS, (t) => t.name)) {
      await (s.uplink === true ? second : first).play({})
      const before = await sound(bob)
      const from = await now(bob)
      await (s.uplink === true ? first : second).play(s.ways)
      await pause(s.length)
      const frames = await seen(bob, from)
      const after = await sound(bob)
      const heard = {
        concealed: after.concealed - before.concealed,
        all: after.all - before.all,
        lost: after.lost - before.lost,
        came: after.came - before.came,
      }
      for (const [name, value] of Object.entries(s.figures(frames, from, heard)))
        figures.push(`figure ${kind}_${name}${transport === "engine" ? "" : `_${transport}`} ${value}`)
      if (process.env["E2E_TRACE"] === "1") {
        trace(`${s.name} ${transport} ${kind}`, frames, from, s.length)
        for (const person of meeting.people) console.log(`${person.name}: ${await counters(person)}`)
      }
    }
  } finally {
    await browsers.close()
    first.close()
    second.close()
    await server.stop()
  }
}

function trace(title: string, frames: readonly Frame[], from: number, length: number): void {
  console.log(title)
  for (let at = from; at < from + length; at += 1000) {
    const [n, lines, gap] = [rate(frames, at, at + 1000), middle(frames, at, at + 1000), freeze(frames, at, at + 1000)]
    console.log(`${(at - from) / 1000} s: ${n} pictures of ${lines} lines, longest gap ${Math.round(gap)} ms`)
  }
}

try {
  for (const kind of chosen(KINDS, (k) => k)) for (const transport of chosen(TRANSPORTS, (t) => t)) await compare(transport, kind)
} finally {
  console.log(figures.join("\n"))
}
