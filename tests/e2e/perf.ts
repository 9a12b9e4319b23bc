/**
 * The figures of docs/performance.md that need browsers: from the click on
 * "Ask to join" to the first picture of somebody else, and the server's memory.
 * The lobby is off, so that no moderator's hand is measured. Run by
 * tests/e2e/run.sh perf; not part of the tests.
 */

import { Browsers, KINDS, type Kind } from "./harness/browsers.ts"
import { ask, inCall, join, Meeting } from "./harness/meeting.ts"
import { planned, toggle, unfold } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { Server } from "./harness/server.ts"
import { pause } from "./harness/wait.ts"

const ROUNDS = 7

/** While somebody writes a name, the page tests its codecs; this long they take at the most on a busy machine. */
const TYPING_MS = 3000

/** Runs in the page: the clock starts at the click, and stops when a frame of somebody else is on the screen. */
const STOPWATCH = `{
  window.firstFrame = new Promise((done) => {
    let clicked = 0
    addEventListener("click", (e) => {
      if (e.target.closest("button")?.textContent.trim() === "Ask to join") clicked = performance.now()
    }, true)
    const watched = new WeakSet()
    new MutationObserver(() => {
      for (const video of document.querySelectorAll("[data-person] video")) {
        if (watched.has(video)) continue
        watched.add(video)
        video.requestVideoFrameCallback(() => done(performance.now() - clicked))
      }
    }).observe(document, { subtree: true, childList: true })
  })
}`

const firstFrame = (person: Person): Promise<number> =>
  person.page.evaluate(() => (window as unknown as { firstFrame: Promise<number> }).firstFrame)

const median = (all: number[]): number => Math.round(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN)

const figures: string[] = []
const figure = (name: string, value: number): void => {
  figures.push(`figure ${name} ${value}`)
}

/** One guest after the other joins and leaves; each is timed. */
async function joins(meeting: Meeting, kind: Kind, label: string): Promise<number> {
  const all: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const guest = await meeting.arrive(kind, { number: 210, name: "Guest", scripts: [STOPWATCH] })
    await guest.open(meeting.links.participant)
    await guest.type("Your name", "Guest")
    await pause(TYPING_MS)
    await guest.click("Ask to join")
    all.push(await firstFrame(guest))
    await inCall(guest)
    await guest.click("Leave")
    await guest.find("button", "Join again")
    meeting.people.splice(meeting.people.indexOf(guest), 1)
    await guest.leaveWindow()
  }
  console.log(`${label}: ${all.map((ms) => Math.round(ms)).join(" ")} ms`)
  return median(all)
}

const browsers = new Browsers()
const server = await Server.start()
try {
  const empty = await server.memory()
  const meeting = new Meeting(server, browsers)
  const host = await meeting.arrive("chromium", { number: 201, name: "Host" })
  meeting.links = await planned(host, server.origin, async () => {
    await unfold(host, "Options")
    await toggle(host, "Lobby")
  })
  await host.click("Start as moderator")
  await join(host)
  await inCall(host)
  for (const kind of KINDS) figure(`join_first_frame_ms_${kind}`, await joins(meeting, kind, `${kind}, one person there`))
  const second = await meeting.arrive("chromium", { number: 202, name: "Second" })
  await second.open(meeting.links.participant)
  await ask(second)
  await inCall(second)
  for (const kind of KINDS) figure(`late_join_first_frame_ms_${kind}`, await joins(meeting, kind, `${kind}, two people there`))
  await host.sees(second)
  console.log(`server memory: ${empty} kB with nobody, ${await server.memory()} kB with two people who send`)
  figure("server_kb_per_person", Math.round(((await server.memory()) - empty) / 2))
  await meeting.end()
} finally {
  await browsers.close()
  await server.stop()
}
for (const line of figures) console.log(line)
