/**
 * How fast a masked picture is, how late, and what it costs: a moving and a
 * still picture of 640 x 360 pixels at 30 a second, in the real page. Run by
 * `make mask-speed` on a machine that does nothing else.
 *
 *   MASK_SPEED="chromium" tests/e2e/run.sh mask-speed    only that browser
 */

import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Browsers, KINDS, type Kind } from "./harness/browsers.ts"
import { Meeting, newMeeting } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { playing } from "./harness/played.ts"
import { cpuOf } from "./harness/processes.ts"
import { Server } from "./harness/server.ts"

const FPS = 30
const SECONDS = 10
const root = process.env["PARAVENT_ROOT"] ?? "."
const set = process.env["MASK_SET"] ?? join(root, "../shared/faces-dev")
const CLIP = "clips/in_head-pose-face-detection-female-and-male.mp4"

const quantile = (of: readonly number[], part: number): number =>
  [...of].sort((a, b) => a - b)[Math.min(of.length - 1, Math.floor(part * of.length))] ?? Number.NaN

interface Run {
  readonly fps: number
  readonly cores: number
  readonly late: readonly number[]
}

/** Plays pictures for a while: how many came out a second, how late, and at what cost. */
async function run(person: Person, pid: number, files: readonly string[], repeat = 1): Promise<Run> {
  await person.page.evaluate((p) => window.played.load(p), files)
  await person.page.evaluate(() => window.played.late())
  const before = cpuOf(pid)
  const from = Date.now()
  await person.page.evaluate((fps, n) => window.played.play(fps, n), FPS, repeat)
  const seconds = (Date.now() - from) / 1000
  const late = await person.page.evaluate(() => window.played.late())
  return { fps: late.length / seconds, cores: (cpuOf(pid) - before) / seconds, late }
}

async function measure(meeting: Meeting, kind: Kind, pid: number, moving: readonly string[]): Promise<void> {
  const person = await meeting.arrive(kind, { number: 1, name: "Ada", scripts: [playing()] })
  await newMeeting(person, meeting.server.origin)
  await person.click("Start as moderator")
  await person.click("Turn on camera")
  const watch = async (): Promise<void> => {
    await person.until("sees a picture", () =>
      person.page.evaluate(() => {
        const video = document.querySelector<HTMLVideoElement>(".preview video")
        if (video === null || video.videoWidth === 0) return false
        window.played.time(video)
        return true
      }),
    )
  }
  await watch()
  const clear = await run(person, pid, moving)
  await person.click("Mask faces")
  await person.until("is masked", async () => /\bmasked\b/i.test(await person.text()))
  await watch()
  const moved = await run(person, pid, moving)
  const stood = await run(person, pid, moving.slice(0, 1), moving.length)
  const say = (name: string, value: number): boolean => process.stdout.write(`figure ${name}_${kind} ${Number(value.toFixed(2))}\n`)
  say("mask_fps", moved.fps)
  say("mask_late_ms", quantile(moved.late, 0.5) - quantile(clear.late, 0.5))
  say("mask_late_p95_ms", quantile(moved.late, 0.95) - quantile(clear.late, 0.5))
  say("mask_cores", moved.cores - clear.cores)
  say("mask_still_cores", stood.cores - clear.cores)
  await meeting.end()
}

if (!existsSync(join(set, CLIP))) {
  process.stderr.write(`mask-speed: MASK_SET names no set with ${CLIP}\n`)
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), "mask-speed-"))
execFileSync("ffmpeg", ["-v", "error", "-i", join(set, CLIP), "-q:v", "2", join(folder, "%04d.jpg")])
const clip = readdirSync(folder)
  .sort()
  .map((f) => readFileSync(join(folder, f)).toString("base64"))
rmSync(folder, { recursive: true })
// To and fro, so that it has no cut.
const moving = Array.from({ length: FPS * SECONDS }, (_, i) => {
  const at = i % (2 * clip.length - 2)
  return clip[at < clip.length ? at : 2 * clip.length - 2 - at] ?? ""
})
const server = await Server.start({})
try {
  for (const kind of KINDS) {
    if (process.env["MASK_SPEED"] !== undefined && process.env["MASK_SPEED"] !== kind) continue
    const browsers = new Browsers()
    try {
      const pid = (await browsers.get(kind)).process()?.pid ?? 0
      await measure(new Meeting(server, browsers), kind, pid, moving)
    } finally {
      await browsers.close()
    }
  }
} finally {
  await server.stop()
}
