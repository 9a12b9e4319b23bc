/**
 * How well faces are masked: plays labelled pictures and clips into the real
 * page by a camera of its own and compares what its preview shows with what
 * went in. The preview shows the very track that others are sent. Run by `make
 * mask-eval`; writes bin/mask-eval.md.
 *
 *   MASK_SET=DIR         the labelled set (boxes.json, clips.json); ../shared/faces-dev
 *   MASK_EVAL="firefox 720 stills small clips"   only that; words may be left out.
 *                        720: a camera of 1280x720 (360: of 640x360); of Firefox only what is asked for
 */

import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Browsers } from "./harness/browsers.ts"
import { Meeting } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { HEIGHT, type Seen, WIDTH } from "./harness/played.ts"
import { masked } from "./harness/preview.ts"
import { Covered, type FaceBox, Share } from "./harness/score.ts"
import { Server } from "./harness/server.ts"

interface Still {
  readonly file: string
  readonly w: number
  readonly h: number
  readonly tags: readonly string[]
  readonly faces: readonly { readonly box: FaceBox; readonly ignore?: boolean }[]
}

interface Clip {
  readonly file: string
  readonly w: number
  readonly h: number
  readonly fps: number
  readonly frames: readonly (readonly { readonly id: number; readonly box: FaceBox }[])[]
}

const FPS = 30
const SHOWN = 30 // frames of each still: a second
const LEAD = 60 // frames before a clip
const CROWD = 5 // people
const LESS = [0.25, 0.12] // so that faces have 2 to 5 % of the height
const REST_MS = 2000 // no frame is held for so long
const root = process.env["PARAVENT_ROOT"] ?? "."
const set = process.env["MASK_SET"] ?? join(root, "../shared/faces-dev")
const only = (process.env["MASK_EVAL"] ?? "").split(" ").filter((word) => word !== "")
const wanted = (word: string, among: readonly string[]): boolean => !only.some((o) => among.includes(o)) || only.includes(word)
const PARTS = ["stills", "small", "clips"] as const
const TIMES = { 360: 1, 720: 2 } as const // of a camera, as high as it is
const report: string[] = [
  "# How well faces are masked",
  "",
  `Set: ${process.env["MASK_SET"] === undefined ? "the one for development" : "another"}`,
  "",
]
const line = (text: string): void => {
  report.push(text)
  process.stdout.write(`${text}\n`)
}

/** Plays pictures and says what was seen of each. */
async function play(person: Person, files: readonly string[], repeat: number): Promise<Map<number, Seen>> {
  const pictures = files.map((file) => readFileSync(file).toString("base64"))
  await person.page.evaluate(() => window.played.take())
  await person.page.evaluate((p) => window.played.load(p), pictures)
  await person.page.evaluate((fps, n) => window.played.play(fps, n), FPS, repeat)
  // The last ones are still in the delay line.
  const played = Date.now()
  const last = files.length - 1
  const seen = new Map<number, Seen>()
  const rest = async (): Promise<boolean> => {
    for (const s of await person.page.evaluate(() => window.played.take())) {
      const known = seen.get(s.number)
      const cells = known === undefined ? s.cells : [...s.cells].map((c, i) => (c === "1" && known.cells[i] === "1" ? "1" : "0")).join("")
      seen.set(s.number, { number: s.number, frames: s.frames + (known?.frames ?? 0), cells })
    }
    // It may be covered with all its numbers.
    return seen.has(last) || Date.now() - played > REST_MS
  }
  await person.until("sees the last picture", rest)
  return seen
}

/** What was masked of some stills; `excess` is covered without need, in percent. */
interface Masked {
  readonly all: Share // over 5 % of the height
  readonly large: Share // over 15 %
  readonly small: Share // 2 to 5 %
  readonly crowd: Share // over 5 %, where there are many
  readonly excess: number
}

async function stills(person: Person, name: string, items: readonly Still[], files: readonly string[]): Promise<Masked> {
  const [all, large, small, crowd] = [new Share(), new Share(), new Share(), new Share()]
  const tags = new Map<string, Share>()
  let [excess, counted] = [0, 0]
  const missed: string[] = []
  const seen = await play(person, files, SHOWN)
  for (const [number, still] of items.entries()) {
    const s = seen.get(number)
    if (s === undefined) continue // nobody was sent any of it
    const covered = new Covered(s.cells, still.w, still.h)
    excess += covered.excess(
      still.faces.map((f) => f.box),
      "stills",
    )
    counted++
    for (const { box, ignore } of still.faces) {
      if (ignore === true) continue
      const part = box[3] / still.h
      const hit = covered.masks(box)
      if (part > 0.05) all.count(hit)
      if (part > 0.15) large.count(hit)
      if (part > 0.02 && part <= 0.05) small.count(hit)
      if (part > 0.05 && still.faces.length >= CROWD) crowd.count(hit)
      if (part > 0.05) for (const tag of still.tags) tags.set(tag, count(tags.get(tag), hit))
      if (!hit && part > 0.02) missed.push(`${still.file} (${(100 * part).toFixed(1)} % of the height, seen ${s.frames} times)`)
    }
  }
  line(`## ${name}`)
  line(`- seen: ${counted} of ${items.length}`)
  line(`- faces over 5 % of the height: ${all}`)
  line(`- over 15 %: ${large}`)
  line(`- of 2 to 5 %: ${small}`)
  line(`- where there are ${CROWD} or more, over 5 %: ${crowd}`)
  for (const [tag, share] of tags) line(`- ${tag}: ${share}`)
  line(`- covered without need: ${((100 * excess) / counted).toFixed(2)} %`)
  for (const m of missed) line(`- missed: ${m}`)
  line("")
  return { all, large, small, crowd, excess: (100 * excess) / counted }
}

const count = (share = new Share(), hit: boolean): Share => {
  share.count(hit)
  return share
}

/** The same still made smaller, in the middle of a picture as large as the camera's, so that its faces are small too. */
function smaller(still: Still, less: number): Still {
  const scale = less * Math.min(WIDTH / still.w, HEIGHT / still.h)
  const box = ([x, y, w, h]: FaceBox): FaceBox => [
    WIDTH / 2 + (x - still.w / 2) * scale,
    HEIGHT / 2 + (y - still.h / 2) * scale,
    w * scale,
    h * scale,
  ]
  return { ...still, w: WIDTH, h: HEIGHT, faces: still.faces.map((f) => ({ ...f, box: box(f.box) })) }
}

async function clips(person: Person, folder: string, all: Readonly<Record<string, Clip>>, where: string): Promise<void> {
  const total = new Share()
  let longest = 0
  const excesses: number[] = []
  line(`## Clips, ${where}`)
  for (const [name, clip] of Object.entries(all)) {
    const frames = mkdtempSync(join(folder, "clip-"))
    execFileSync("ffmpeg", ["-v", "error", "-i", join(set, clip.file), "-fps_mode", "passthrough", "-q:v", "2", join(frames, "%04d.jpg")])
    const files = readdirSync(frames)
      .sort()
      .map((f) => join(frames, f))
      .slice(0, clip.frames.length)
    // It begins as if in the middle of a call: its first picture stands for a while. Cuts are what the stills are.
    const lead = Array.from({ length: LEAD }, () => files[0] ?? "")
    const seen = await play(person, [...lead, ...files], 1)
    const own = new Share()
    const run = new Map<number, number>()
    let worst = 0
    let [excess, counted] = [0, 0]
    for (const [number, faces] of clip.frames.entries()) {
      const s = seen.get(LEAD + number)
      if (s === undefined) continue
      const covered = new Covered(s.cells, clip.w, clip.h)
      excess += covered.excess(
        faces.map((f) => f.box),
        "clips",
      )
      counted++
      for (const { id, box } of faces) {
        const hit = covered.masks(box)
        own.count(hit)
        total.count(hit)
        run.set(id, hit ? 0 : (run.get(id) ?? 0) + 1)
        worst = Math.max(worst, run.get(id) ?? 0)
      }
    }
    longest = Math.max(longest, worst)
    excesses.push(excess / counted)
    line(
      `- ${name}: ${own}, longest miss ${worst} frames, covered without need ${((100 * excess) / counted).toFixed(1)} %, ${counted} of ${clip.frames.length} frames seen`,
    )
  }
  const mean = (100 * excesses.reduce((a, b) => a + b, 0)) / excesses.length
  line(`- all: ${total}, longest miss ${longest} frames, covered without need ${mean.toFixed(1)} %`)
  line("")
  figure(where, ["mask_clips", total.percent], ["mask_longest_miss", longest], ["mask_clips_excess", mean])
}

const figures: [string, number][] = []
const USUAL = "chromium 360"

/** What is measured as usual has the name alone. */
function figure(where: string, ...all: [string, number][]): void {
  for (const [name, value] of all) figures.push([where === USUAL ? name : `${name}_${where.replace(" ", "_")}`, value])
}

if (!existsSync(join(set, "boxes.json"))) {
  process.stderr.write("mask-eval: MASK_SET names no labelled set (boxes.json, clips.json)\n")
  process.exit(1)
}
const server = await Server.start({})
const browsers = new Browsers()
const folder = mkdtempSync(join(tmpdir(), "mask-eval-"))
try {
  const items = (JSON.parse(readFileSync(join(set, "boxes.json"), "utf8")) as { items: Still[] }).items
  const files = items.map((item) => join(set, item.file))
  const kinds = (["chromium", "firefox"] as const).filter(
    (k) => wanted(k, ["chromium", "firefox"]) && (k === "chromium" || only.includes(k)),
  )
  const sizes = ([360, 720] as const).filter((size) => wanted(String(size), Object.keys(TIMES)))
  for (const [kind, size] of kinds.flatMap((k) => sizes.map((s) => [k, s] as const))) {
    const where = `${kind} ${size}`
    const meeting = new Meeting(server, browsers)
    const person = await masked(meeting, kind, TIMES[size])
    if (wanted("stills", PARTS)) {
      const { all, large, crowd, excess } = await stills(person, `Stills, each shown for a second, ${where}`, items, files)
      figure(
        where,
        ["mask_stills", all.percent],
        ["mask_large", large.percent],
        ["mask_crowd", crowd.percent],
        ["mask_stills_excess", excess],
      )
    }
    if (wanted("small", PARTS) && size === 360) {
      const hits = new Share()
      for (const less of LESS) {
        const small = files.map((file, i) => {
          const to = join(folder, `${less}-${i}.png`)
          const fit = `scale=${WIDTH * less}:${HEIGHT * less}:force_original_aspect_ratio=decrease:flags=area`
          execFileSync("ffmpeg", ["-v", "error", "-y", "-i", file, "-vf", `${fit},pad=${WIDTH}:${HEIGHT}:-1:-1:gray`, to])
          return to
        })
        const found = await stills(
          person,
          `Stills made smaller, by ${less}, ${where}`,
          items.map((item) => smaller(item, less)),
          small,
        )
        hits.add(found.small)
      }
      figure(where, ["mask_small", hits.percent])
    }
    if (wanted("clips", PARTS)) await clips(person, folder, JSON.parse(readFileSync(join(set, "clips.json"), "utf8")), where)
    await meeting.end()
  }
} finally {
  await browsers.close()
  await server.stop()
  rmSync(folder, { recursive: true })
}
for (const [name, value] of figures) line(`figure ${name} ${Number(value.toFixed(2))}`)
writeFileSync(join(root, "bin/mask-eval.md"), `${report.join("\n")}\n`)
