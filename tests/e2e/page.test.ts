/** The page itself: languages, a phone, what it sends in clear, and a camera that the tests have not touched. */

import assert from "node:assert/strict"
import { rm, writeFile } from "node:fs/promises"
import test from "node:test"
import type { Browser } from "puppeteer-core"
import { launch } from "./harness/browsers.ts"
import { admit, ask, clean, codeOf, inCall, join, newMeeting, reads, say } from "./harness/meeting.ts"
import { holds } from "./harness/moderate.ts"
import { Person } from "./harness/person.ts"
import { videoFile } from "./harness/picture.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

test("a German browser gets German words, from the start page to the end", async () => {
  const meeting = at.meeting()
  const ada = await meeting.arrive("chromium", { number: 71, name: "Ada", inside: { languages: ["de-AT", "en"] } })
  const english = /\b(Meeting|Join|Leave|Copy|Camera|Microphone|Settings|People|Message|Send|your|the|with|and)\b/
  const german = async (): Promise<void> => {
    assert.equal(await ada.page.evaluate(() => document.documentElement.lang), "de")
    assert.doesNotMatch((await ada.text()).replaceAll("English", ""), english)
  }
  await ada.open(at.server.origin)
  await (await ada.page.$(".options > summary"))?.click()
  await ada.find("switch", "Hoher Schutz")
  await german()
  await ada.click("Neue Besprechung")
  await ada.find("button", "Link kopieren")
  await (await ada.page.$(".made.more > summary"))?.click()
  await ada.find("button", "Einladung erstellen")
  await german()
  await ada.click("Als Moderation starten")
  await ada.type("Ihr Name", "Ada")
  await german()
  await ada.click("Kamera einschalten")
  await ada.click("Teilnehmen")
  await ada.until("ist verschlüsselt", () => ada.has("button", "Ende-zu-Ende-verschlüsselt"))
  await german()
  for (const panel of ["Chat", "Personen", "Sicherheitscode", "Einstellungen"]) {
    await ada.click(panel)
    await ada.find("heading", panel)
    await german()
  }
  await ada.click("Reagieren")
  await ada.find("button", "Daumen hoch")
  await german()
  await ada.page.keyboard.press("Escape")
  await ada.click("Verlassen")
  await ada.find("button", "Erneut teilnehmen")
  await german()
  await meeting.end()
})

test("the start page makes a meeting with one click, and one with rules and invitations with a few", async () => {
  const meeting = at.meeting()
  const ada = await meeting.arrive("chromium", { number: 78, name: "Ada" })
  const copies = async (name: string, count: number): Promise<string> => {
    await ada.click(name)
    const copied = await ada.until("has copied", async () => {
      const all = await ada.copied()
      return all.length === count && all
    })
    return copied.at(-1) ?? ""
  }
  await ada.open(at.server.origin)
  await ada.click("New meeting")
  const plain = await copies("Copy link", 1)
  assert.match(new URL(plain).hash, /^#1\.[\w-]{64}$/, "a usual link holds nothing but the room")
  assert.match(await copies("Copy moderator link", 2), /^[^~]+$/)

  await ada.open(at.server.origin)
  await (await ada.page.$(".options > summary"))?.click()
  await ada.click("High protection", "switch")
  await ada.click("New meeting")
  const words = await ada.until("sees the passphrase", async () => /[a-z]{6}-[a-z]{6}-[a-z]{6}/.exec(await ada.text())?.[0])
  assert.equal(await copies("Copy passphrase", 1), words)
  const moderator = await copies("Copy moderator link", 2)
  assert.match(new URL(moderator).hash, /~r[\w-]+$/, "the rules are in the moderator link")
  assert.ok(!moderator.includes(words), "not the words themselves")
  await ada.type("For whom", "Dr. Weber")
  await ada.click("Make invitation")
  await ada.until("sees whom it is for", async () => (await ada.text()).includes("Dr. Weber"))
  const invitation = await copies("Copy invitation", 3)
  assert.match(new URL(invitation).hash, /^#1\.[\w-]{64}~t[\w-]+$/)
  assert.notEqual(new URL(invitation).hash.slice(0, 67), new URL(plain).hash)
  await meeting.end()
})

test("on a phone everything is in reach and nothing is cut off", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 72, name: "Ada" })
  const bob = await meeting.arrive("chromium", {
    number: 73,
    name: "Bob",
    viewport: { width: 360, height: 640, isMobile: true, hasTouch: true },
  })
  const fits = async (): Promise<void> => {
    const { wide, clipped } = await bob.page.evaluate(() => ({
      wide: document.documentElement.scrollWidth > innerWidth,
      clipped: [...document.querySelectorAll<HTMLElement>("button")]
        .filter((b) => b.checkVisibility())
        .filter((b) => b.getBoundingClientRect().left < 0 || b.getBoundingClientRect().right > innerWidth)
        .map((b) => b.ariaLabel ?? b.textContent),
    }))
    assert.equal(wide, false, "the page does not scroll sideways")
    assert.deepEqual(clipped, [], "no button is cut off")
  }
  await bob.open(meeting.links.participant)
  await bob.find("textbox", "Your name")
  await fits()
  await ask(bob)
  await meeting.admit(bob)
  await inCall(bob)
  await bob.sees(ada)
  await ada.sees(bob)
  await fits()
  await say(bob, "from a phone")
  await reads(ada, "from a phone")
  await fits()
  await meeting.end()
})

test("neither a name, nor a message, nor a code leaves the page in clear", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 74, name: "Marker-Name-Quokka" }, {})
  const bob = await meeting.guest("firefox", { number: 75, name: "Marker-Name-Numbat" }, {})
  for (const person of [ada, bob]) await person.seesPeople(ada.name, bob.name)
  await say(ada, "Marker-Chat-Wombat")
  await reads(bob, "Marker-Chat-Wombat")
  const code = await codeOf(ada)
  const links = new URL(meeting.links.moderator).hash.split(".")
  for (const person of [ada, bob]) {
    const sent = await person.sent()
    assert.ok(sent.length > 3)
    for (const text of sent) {
      for (const marker of [ada.name, bob.name, "Marker-Chat-Wombat", code])
        assert.ok(!holds(text, Buffer.from(marker)), `${person.name} sent ${marker}`)
      // L and M; the second half of the first part is the moderators' hash, which the server may know.
      for (const key of [Buffer.from(links[1] ?? "", "base64url").subarray(0, 32), Buffer.from(links[2] ?? "", "base64url")]) {
        assert.ok(!holds(text, key), `${person.name} sent a key of the link`)
      }
    }
  }
  await meeting.end()
})

test("a camera and a microphone as the browser gives them are seen and heard", async () => {
  const file = `/tmp/paravent-camera-${process.pid}.y4m`
  await writeFile(file, videoFile(76, 60, 20))
  let other: Browser | undefined
  try {
    other = await launch("chromium", { args: [`--use-file-for-fake-video-capture=${file}`, "--use-fake-ui-for-media-stream"] })
    const ada = await Person.arrive(other, "chromium", at.server.origin, {
      number: 76,
      name: "Ada",
      inside: { camera: "browser", tone: 0 },
    })
    const links = await newMeeting(ada, at.server.origin)
    await ada.click("Start as moderator")
    await join(ada)
    await inCall(ada)
    const bob = await Person.arrive(await at.browsers.get("firefox"), "firefox", at.server.origin, { number: 77, name: "Bob" })
    await bob.open(links.participant)
    await ask(bob)
    await admit(ada, "Bob")
    await inCall(bob)
    await bob.sees(ada)
    await bob.hears(ada)
    await ada.sees(bob)
    for (const person of [ada, bob]) {
      await clean(person, at.server.origin)
      await person.leaveWindow()
    }
  } finally {
    await other?.close()
    await rm(file)
  }
})
