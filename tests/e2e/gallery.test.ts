/**
 * Every view with invented states (client/src/ui/gallery.tsx), under the
 * content security policy that the server sends: nothing blocked, nothing that
 * axe finds, nothing wider than the window, nothing too small to hit. Set
 * PARAVENT_SHOTS to a folder to keep a picture of each.
 */

import assert from "node:assert/strict"
import { mkdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import test, { after, before } from "node:test"
import type { Page, Viewport } from "puppeteer-core"
import { DESKTOP, ENGLISH, Gallery } from "./harness/gallery.ts"
import { PAGE_MS, until } from "./harness/wait.ts"

const shots = process.env["PARAVENT_SHOTS"] ?? ""
const TOUCH = 44 // CSS px: the least a finger hits
const POINTER = 24 // CSS px: the least of WCAG 2.5.8

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
let gallery: Gallery
let page: Page

before(async () => {
  gallery = await Gallery.open()
  page = gallery.page
  if (shots !== "") mkdirSync(shots, { recursive: true })
})

after(() => gallery?.close())

interface Way {
  readonly name: string
  readonly query: string
  readonly examined: (view: string) => boolean // by axe, which takes most of the time
  readonly viewport: Viewport
  readonly turned: Readonly<Record<string, Viewport>> // what the same page is then made to fit
}

const alike =
  /^call-(3|5|9|25|49)|^ended-(full|busy|throttled|taken-over|lost|restarting|broken|over|unmoderated|banned|early|late|barred|replaced)|^(asked|keys|reactions)$/ // the same parts with other words or more of them
const hand = (width: number, height: number): Viewport => ({ width, height, isMobile: true, hasTouch: true })
const desk: Way = { name: "desktop", query: ENGLISH, examined: () => true, viewport: DESKTOP, turned: {} }
const ways: readonly Way[] = [
  desk,
  {
    name: "phone",
    query: "language=de&theme=dark",
    examined: (view) => !/^(call|ended)-/.test(view),
    viewport: hand(390, 844),
    turned: { sideways: hand(844, 390), smallest: hand(320, 568) },
  },
]

const visit = (view: string, way: Way): Promise<void> => gallery.visit(view, way.query)

/** What is wrong with the layout of the page as it is shown. */
const layout = (touch: number): Promise<string[]> =>
  page.evaluate((least) => {
    const wrong: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) wrong.push(`${scrollWidth - clientWidth} px wider than the window`)
    const targets = "button, input:not([type=checkbox], [type=radio]), select, textarea, summary, label:has(input)"
    for (const target of document.querySelectorAll<HTMLElement>(targets)) {
      if (!target.checkVisibility({ visibilityProperty: true })) continue
      const { width, height } = target.getBoundingClientRect()
      const name = target.ariaLabel ?? target.textContent
      if (Math.min(width, height) < least - 0.5) wrong.push(`${target.tagName} "${name}" is ${width} × ${height}`)
      if (target.scrollWidth > target.clientWidth + 1 && target.matches(".button")) wrong.push(`the words of "${name}" do not fit`)
    }
    return wrong
  }, touch)

const faults = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as { faults: string[] }).faults)

interface Finding {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

async function found(): Promise<string[]> {
  await page.evaluate(axe)
  const findings = (await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"], preload: false }).then((r) => r.violations)`,
  )) as Finding[]
  return findings.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))
}

async function names(): Promise<string[]> {
  await visit("start", desk)
  const all = await page.evaluate(() => (globalThis as unknown as { gallery: { names: string[] } }).gallery.names)
  return shots === "" ? all.filter((view) => !alike.test(view)) : all
}

for (const way of ways) {
  test(`every view, ${way.name}`, async () => {
    const views = await names()
    assert.ok(views.length > 25)
    const wrong: string[] = []
    const shot = async (name: string): Promise<void> => {
      if (shots !== "") await page.screenshot({ path: join(shots, `${name}.png`) })
    }
    for (const view of views) {
      await page.setViewport(way.viewport)
      await visit(view, way)
      await shot(`${view}-${way.name}`)
      const here = [
        ...(await layout(way.viewport.hasTouch ? TOUCH : POINTER)),
        ...(await faults()),
        ...(way.examined(view) ? await found() : []),
      ]
      wrong.push(...here.map((what) => `${view}: ${what}`))
      for (const [name, viewport] of Object.entries(way.turned)) {
        await page.setViewport(viewport)
        await shot(`${view}-${name}`)
        wrong.push(...(await layout(TOUCH)).map((what) => `${view}, ${name}: ${what}`))
      }
    }
    assert.deepEqual(wrong, [])
  })
}

const focused = (): Promise<string> => gallery.focused()
const done = (): Promise<string[]> => gallery.done()

test("by keyboard: a panel takes the focus and gives it back", async () => {
  await page.setViewport(desk.viewport)
  await visit("call-3", desk)
  await page.keyboard.press("p")
  await until("the people have the focus", async () => (await focused()) === "panel-title", PAGE_MS)
  await page.keyboard.press("Escape")
  await until("the button has it again", async () => (await focused()) === "People", PAGE_MS)
  await page.keyboard.press("c")
  await until("the message has the focus", async () => ["Message", "panel-title"].includes(await focused()), PAGE_MS)
  await page.focus("textarea")
  await page.keyboard.type("hello mvcp")
  await page.keyboard.press("Enter")
  await page.keyboard.press("m")
  const actions = await done()
  assert.deepEqual(actions.at(-1), '{"do":"say","text":"hello mvcp","to":null}', "letters in a field are letters")
  assert.equal(await page.$eval("textarea", (field) => field.value), "m", "sending empties the field")
})

/** The buttons in somebody's line among the people: the first other person. */
const OTHER = "[data-member]:nth-child(2)"

test("by keyboard: removing asks once more in its place, and Escape goes back to where it was", async () => {
  await visit("people-moderator", desk)
  const remove = `${OTHER} [data-opens=remove]`
  const wants = (what: string, want: string): Promise<unknown> =>
    until(what, async () => (await page.evaluate(() => document.activeElement?.textContent ?? "")) === want, PAGE_MS)
  await page.focus(remove)
  await page.keyboard.press("Enter")
  await wants("the second step has the focus", "Remove")
  assert.equal(await page.$(remove), null, "it stands in the place of the first")
  await page.keyboard.press("Tab")
  await wants("one can go back", "Cancel")
  await page.keyboard.press("Escape")
  await until("the first step has the focus again", () => page.$eval(remove, (b) => b === document.activeElement), PAGE_MS)
  assert.equal((await done()).length, 0, "nothing was done")
  await page.keyboard.press("Enter")
  await wants("the second step again", "Remove")
  await page.keyboard.press("Enter")
  await until("it is done", async () => (await done()).length === 1, PAGE_MS)
  assert.match((await done())[0] ?? "", /^{"do":"order","order":{"order":"remove","person":"[0-9a-f]{32}"}}$/)
})

test("by keyboard: a ban can renew the link, and every button tells whom it concerns", async () => {
  await visit("people-moderator", desk)
  await page.focus(`${OTHER} [data-opens=ban]`)
  await page.keyboard.press("Enter")
  await page.waitForSelector("#ban-renew")
  await page.focus("#ban-renew")
  await page.keyboard.press("Space")
  await page.focus(".confirm .alarm")
  await page.keyboard.press("Enter")
  await until("it is done", async () => (await done()).length === 1, PAGE_MS)
  assert.match((await done())[0] ?? "", /"order":"ban","person":"[0-9a-f]{32}","renew":true/)
  const about = await page.$$eval(`${OTHER} .acts button`, (all) =>
    all.map((b) => document.getElementById(b.getAttribute("aria-describedby") ?? "")?.textContent),
  )
  assert.deepEqual(new Set(about.slice(0, 5)), new Set(["Björn Åkesson"]))
})

test("by keyboard: the rest of the menu opens, closes on Escape and gives the focus back", async () => {
  await visit("people-moderator", desk)
  await page.focus(`${OTHER} [data-opens=more]`)
  await page.keyboard.press("Enter")
  const inside = (): Promise<boolean> => page.evaluate(() => document.activeElement?.closest(".more-acts") !== null)
  await until("its first entry has the focus", inside, PAGE_MS)
  await page.keyboard.press("Escape")
  await until("it is closed", async () => (await page.$(".more-acts")) === null, PAGE_MS)
  await until("the focus is back", async () => (await focused()) === "More actions", PAGE_MS)
  assert.notEqual(await page.$(".panel.people"), null, "the panel stays open")
})

test("by keyboard: whoever waits is let in from the bar and from the list", async () => {
  await visit("knock-one", desk)
  await page.focus(".bar .main")
  await page.keyboard.press("Enter")
  assert.match((await done()).at(-1) ?? "", /"order":"admit","people":\["[0-9a-f]{32}"\]/)
  await visit("knock-many", desk)
  await page.focus(".bar .main")
  await page.keyboard.press("Enter")
  assert.match((await done()).at(-1) ?? "", /"order":"admit","people":\[("[0-9a-f]{32}",?){4}\]/)
  await visit("people-lobby", desk)
  const names = await page.$$eval("[data-waiting]:nth-child(2) button", (all) => all.map((b) => b.textContent))
  assert.deepEqual(names, ["Admit", "Deny", "Write"])
  await page.focus("[data-waiting]:nth-child(2) button:nth-child(2)")
  await page.keyboard.press("Enter")
  assert.match((await done()).at(-1) ?? "", /"order":"deny"/)
  await until("the list has the focus", async () => (await focused()) === "lobby-title", PAGE_MS)
})

test("high protection is one switch", async () => {
  await visit("options", desk)
  await page.click("#rule-high")
  const rules = JSON.parse((await done()).at(-1) ?? "{}").rules
  assert.deepEqual([rules.lobby, rules.tickets, rules.verify], [true, true, true])
  assert.match(rules.passphrase, /^[a-z]{6}-[a-z]{6}-[a-z]{6}$/)
  await until("it is on", () => page.$eval("#rule-high", (field) => (field as HTMLInputElement).checked), PAGE_MS)
})

test("rules that can never be kept make no meeting, and the field says so", async () => {
  await visit("options-wrong", desk)
  await page.click(".begin .button")
  assert.deepEqual(await done(), [])
  assert.equal(await focused(), "rule-until")
})

test("the wait after a wrong passphrase is told and kept", async () => {
  await visit("prejoin-wrong", desk)
  await until("the field has the focus", async () => (await focused()) === "passphrase", PAGE_MS)
  await page.keyboard.type("takofi")
  await page.keyboard.press("Enter")
  assert.deepEqual(await done(), [])
  await visit("prejoin-passphrase", desk)
  await until("the field has the focus", async () => (await focused()) === "passphrase", PAGE_MS)
  await page.keyboard.type("takofi")
  await page.keyboard.press("Enter")
  assert.deepEqual((await done()).slice(-2), ['{"do":"passphrase","passphrase":"takofi"}', '{"do":"join"}'])
})

test("a private line never goes to everybody because its recipient has left", async () => {
  await visit("people-moderator", desk)
  await page.click(`${OTHER} [data-opens=more]`)
  await page.waitForSelector(".more-acts")
  await page.click(".more-acts button")
  await page.waitForSelector("#chat-to")
  await page.type("textarea", "only you")
  await page.keyboard.press("Enter")
  assert.match((await done()).at(-1) ?? "", /"text":"only you","to":"[0-9a-f]{32}"/)
  await page.evaluate(() => (globalThis as unknown as { gallery: { part: (name: string) => void } }).gallery.part("Björn Åkesson"))
  await page.waitForSelector(".compose .wrong")
  const before = (await done()).length
  await page.type("textarea", "still only you")
  await page.keyboard.press("Enter")
  assert.equal((await done()).length, before)
})

test("without a name nobody joins, and the field says why", async () => {
  await visit("prejoin", desk)
  const said = (): Promise<string> => page.$eval("#name-missing", (p) => getComputedStyle(p).display)
  assert.equal(await said(), "none")
  await page.type("#name", "   ")
  await page.keyboard.press("Enter")
  await until("it is said", async () => (await said()) === "block", PAGE_MS)
  assert.equal(await focused(), "name")
  await page.type("#name", "Ada")
  await page.keyboard.press("Enter")
  assert.equal((await done()).at(-1), '{"do":"join"}')
})

test("the language and the theme are on the document", async () => {
  await visit("start", desk)
  await page.click("input[value=de]")
  await until("German", () => page.evaluate(() => document.documentElement.lang === "de"), PAGE_MS)
  await visit("call-2", { ...desk, query: "theme=dark" })
  assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark")
  assert.match(await page.title(), /^\(3\) /)
})
