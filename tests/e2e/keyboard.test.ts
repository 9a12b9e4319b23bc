/** A moderator with a keyboard and nothing else. The focus is never lost. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { ask, inCall } from "./harness/meeting.ts"
import { lobbyOf } from "./harness/moderate.ts"
import { copying, told } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const TABS_MAX = 80 // beyond this the focus goes in circles

/** What has the focus: its role, its name and whom it is about, as a screen reader says them. */
const focused = (person: Person): Promise<string> =>
  person.page.evaluate(() => {
    const e = document.activeElement
    if (e === null || e === document.body) return ""
    const words = (ids: string | null): string =>
      (ids ?? "")
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent ?? "")
        .join(" ")
    const labels = "labels" in e ? [...((e as HTMLInputElement).labels ?? [])].map((l) => l.textContent).join(" ") : ""
    const about = e instanceof HTMLButtonElement ? words(e.getAttribute("aria-describedby")) : ""
    const role = e.getAttribute("role") ?? e.tagName.toLowerCase()
    return `${role}: ${`${e.getAttribute("aria-label") ?? (labels || e.textContent)} ${about}`.replace(/[\u2068\u2069]/g, "").trim()}`
  })

const press = (person: Person, key: "Tab" | "Enter" | "Escape" | " "): Promise<void> => person.page.keyboard.press(key)

/** Walks on, or back, with the Tab key until something has the focus. */
async function tabTo(person: Person, wanted: string, way: "on" | "back" = "on"): Promise<void> {
  const seen: string[] = []
  for (let i = 0; i < TABS_MAX; i++) {
    const now = await focused(person)
    if (now === wanted) return
    seen.push(now)
    await (way === "on" ? press(person, "Tab") : pressBack(person))
  }
  assert.fail(`${person.name} never came to "${wanted}" but to ${JSON.stringify(seen)}`)
}

async function pressBack(person: Person): Promise<void> {
  await person.page.keyboard.down("Shift")
  await press(person, "Tab")
  await person.page.keyboard.up("Shift")
}

/** Waits until something has the focus by itself. */
const hasFocus = (person: Person, wanted: string): Promise<boolean> =>
  person.until(`has the focus at "${wanted}"`, async () => (await focused(person)) === wanted || (await elsewhere(person, wanted)))

async function elsewhere(person: Person, wanted: string): Promise<false> {
  const now = await focused(person)
  if (now !== wanted) throw new Error(`the focus is at "${now}"`)
  return false
}

for (const kind of KINDS) {
  test(`a moderator in ${kind} leads a meeting by keyboard, and the focus is never lost`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 161, name: "Ada" }, {})
    // What had it may just be going away: a frame later something else has it.
    const kept = (): Promise<boolean> => ada.until("has the focus somewhere", async () => (await focused(ada)) !== "")
    const other = kind === "firefox" ? "chromium" : "firefox"
    const come = async (number: number, name: string, microphone: boolean): Promise<Person> => {
      const person = await meeting.arrive(name === "Bob" ? other : "chromium", { number, name })
      await person.open(meeting.links.participant)
      await ask(person, { microphone })
      return person
    }

    // Admit from the bar above the pictures.
    const bob = await come(162, "Bob", true)
    await told("Bob is waiting", ada)
    await tabTo(ada, "button: Admit Bob is waiting")
    await press(ada, "Enter")
    await inCall(bob)
    await kept()
    await tabTo(ada, "button: People")
    await press(ada, "Enter")
    await hasFocus(ada, "h2: People")

    // Lock and unlock: the button stays where it is.
    await tabTo(ada, "button: Lock meeting")
    await press(ada, "Enter")
    await hasFocus(ada, "button: Unlock meeting")
    await press(ada, "Enter")
    await hasFocus(ada, "button: Lock meeting")

    // Mute.
    await bob.find("button", "Turn off microphone")
    await tabTo(ada, "button: Mute Bob")
    await press(ada, "Enter")
    await bob.find("button", "Turn on microphone")
    await hasFocus(ada, "button: Mute Bob")

    // Remove: asked once more, and one can go back.
    await tabTo(ada, "button: Remove Bob")
    await press(ada, "Enter")
    await told("Remove Bob?", ada)
    await hasFocus(ada, "button: Remove Bob")
    await press(ada, "Escape")
    await ada.until("is asked no more", async () => !(await ada.text()).includes("Everybody sees it."))
    await hasFocus(ada, "button: Remove Bob")
    await press(ada, "Enter")
    await told("Everybody sees it.", ada)
    await hasFocus(ada, "button: Remove Bob")
    await press(ada, "Enter")
    await told("A moderator has removed you", bob)
    await ada.seesPeople("Ada")
    await kept()

    // Admit in the lobby, then ban, with its switch.
    const eve = await come(163, "Eve", false)
    await ada.until("sees Eve wait", async () => (await lobbyOf(ada)).includes("Eve"))
    await tabTo(ada, "button: Admit Eve")
    await press(ada, "Enter")
    await kept()
    await inCall(eve)
    await tabTo(ada, "button: Ban Eve")
    await press(ada, "Enter")
    await told("Ban Eve?", ada)
    await hasFocus(ada, "button: Ban Eve")
    await pressBack(ada)
    await hasFocus(ada, "switch: Also make a new link")
    await press(ada, " ")
    await ada.until("has turned it on", async () => (await ada.page.$('[role="switch"][aria-checked="true"]#ban-renew')) !== null)
    await tabTo(ada, "button: Ban Eve")
    await press(ada, "Enter")
    await told("A moderator has banned you from this meeting", eve)
    await ada.seesPeople("Ada")
    await kept()

    // Deny, somebody with the new link.
    await tabTo(ada, "button: Close")
    await press(ada, "Enter")
    await hasFocus(ada, "button: People")
    await ada.find("button", "Copy new link for the others")
    await tabTo(ada, "button: Copy new link for the others", "back")
    meeting.links = { ...meeting.links, participant: await copying(ada, () => press(ada, "Enter")) }
    const zoe = await come(164, "Zoe", false)
    await told("Zoe is waiting", ada)
    await tabTo(ada, "button: Show", "back")
    await press(ada, "Enter")
    await hasFocus(ada, "h2: People")
    await tabTo(ada, "button: Deny Zoe")
    await press(ada, "Enter")
    await told("You were not let in", zoe)
    await kept()
    await press(ada, "Escape")
    await hasFocus(ada, "button: People")
    await meeting.end()
  })
}
