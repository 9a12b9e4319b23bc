/**
 * Every view with invented states (client/src/ui/gallery.tsx), under the
 * content security policy that the server sends: nothing blocked, nothing that
 * axe finds, nothing wider than the window, nothing too small to hit. Set
 * PARAVENT_SHOTS to a folder to keep a picture of each.
 */

import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import test, { after, before } from "node:test"
import type { Browser, Page } from "puppeteer-core"
import { launch } from "./harness/browsers.ts"
import { ROOT } from "./harness/server.ts"
import { PAGE_MS, until } from "./harness/wait.ts"

const shots = process.env["PARAVENT_SHOTS"] ?? ""
const TOUCH = 44 // CSS px: the least a finger hits
const POINTER = 24 // CSS px: the least of WCAG 2.5.8

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const types: Readonly<Record<string, string>> = { "app.js": "text/javascript", "app.css": "text/css", "favicon.svg": "image/svg+xml" }

/** The policy as the server sends it, read from its source so that both cannot drift apart. */
function policy(): string {
  const source = readFileSync(join(ROOT, "server/headers.go"), "utf8")
  const value = /"Content-Security-Policy", ((?:"[^"]*"[\s+]*)+)/.exec(source)?.[1]
  assert.ok(value !== undefined, "server/headers.go has a content security policy")
  return [...value.matchAll(/"([^"]*)"/g)].map((m) => m[1]).join("")
}

let folder = ""
let server: Server
let browser: Browser
let page: Page
let origin = ""

function bundle(entry: string, out: string): void {
  const flags = [
    "--bundle",
    "--minify",
    "--target=es2022",
    "--format=esm",
    "--jsx=automatic",
    "--jsx-import-source=preact",
    "--charset=utf8",
  ]
  execFileSync("go", ["tool", "-modfile=tools.mod", "esbuild", entry, `--outfile=${join(folder, out)}`, ...flags, "--log-level=error"], {
    cwd: ROOT,
  })
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "paravent-gallery-"))
  bundle("client/src/ui/gallery.tsx", "app.js")
  bundle("client/style/main.css", "app.css")
  const csp = policy()
  server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1) || "index.html"
    if (name !== "index.html" && types[name] === undefined) return response.writeHead(404).end()
    const from = name === "index.html" || name === "favicon.svg" ? join(ROOT, "client") : folder
    response.writeHead(200, { "content-type": types[name] ?? "text/html; charset=utf-8", "content-security-policy": csp })
    return response.end(readFileSync(join(from, name)))
  })
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launch("chromium")
  page = await browser.newPage()
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }])
  await page.evaluateOnNewDocument(() => {
    const faults: string[] = []
    Object.assign(globalThis, { faults })
    addEventListener("securitypolicyviolation", (e) => faults.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
    addEventListener("error", (e) => faults.push(e.message))
  })
  if (shots !== "") mkdirSync(shots, { recursive: true })
})

after(async () => {
  await browser?.close()
  server?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Viewport {
  readonly width: number
  readonly height: number
  readonly isMobile: boolean
  readonly hasTouch: boolean
}

interface Way {
  readonly name: string
  readonly query: string
  readonly examined: (view: string) => boolean // by axe, which takes most of the time
  readonly viewport: Viewport
  readonly turned: Readonly<Record<string, Viewport>> // what the same page is then made to fit
}

const alike =
  /^call-(3|5|9|25|49)|^ended-(full|busy|throttled|taken-over|lost|restarting|broken|over|unmoderated|banned|early|late|barred|replaced)|^(asked|keys|reactions)$/ // the same parts with other words or more of them
const desktop: Viewport = { width: 1280, height: 800, isMobile: false, hasTouch: false }
const hand = (width: number, height: number): Viewport => ({ width, height, isMobile: true, hasTouch: true })
const desk: Way = { name: "desktop", query: "language=en&theme=light", examined: () => true, viewport: desktop, turned: {} }
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

async function visit(view: string, way: Way): Promise<void> {
  await page.goto(`${origin}/?view=${view}&${way.query}`)
  await page.waitForSelector("#app > *")
}

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

const focused = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.id ?? document.activeElement?.tagName ?? "")

const done = (): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as { gallery: { done: object[] } }).gallery.done.map((action) => JSON.stringify(action)))

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

interface Drawn {
  readonly do: string
  readonly change: {
    readonly zones: { readonly zones: readonly { readonly corners: readonly { readonly x: number; readonly y: number }[] }[] }
  }
}

/** The corners of the newest zone as it was last drawn, in the picture as it is sent, in per cent. */
async function corners(): Promise<number[][] | undefined> {
  const drawn = (await done())
    .map((text) => JSON.parse(text) as Drawn)
    .findLast((action) => action.do === "treat" && "zones" in action.change)
  return drawn?.change.zones.zones.at(-1)?.corners.map(({ x, y }) => [Math.round(x * 100), Math.round(y * 100)])
}

async function openZones(): Promise<void> {
  await page.setViewport(desk.viewport)
  await visit("mask-on", desk)
  await page.click(".masks > summary")
  await page.click(".zones-field .button")
  await page.waitForSelector("dialog[open] .zones-stage video")
}

test("masks come off only after it was seen what that means, and Escape goes back", async () => {
  await page.setViewport(desk.viewport)
  await visit("mask-on", desk)
  const open = (): Promise<boolean> => page.$("dialog[open]").then((dialog) => dialog !== null)
  await page.focus("[aria-label='Mask faces']")
  await page.keyboard.press("Enter")
  await until("it asks", open, PAGE_MS)
  await until("the answer has the focus", () => page.evaluate(() => document.activeElement?.textContent === "Stop masking"), PAGE_MS)
  await page.keyboard.press("Escape")
  await until("it is closed", async () => !(await open()), PAGE_MS)
  await until("the button has the focus again", async () => (await focused()) === "Mask faces", PAGE_MS)
  assert.deepEqual(await done(), [])
  await page.keyboard.press("Enter")
  await until("it asks again", () => page.evaluate(() => document.activeElement?.textContent === "Stop masking"), PAGE_MS)
  await page.keyboard.press("Enter")
  await until("it is closed again", async () => !(await open()), PAGE_MS)
  assert.deepEqual(await done(), ['{"do":"treat","change":{"strength":"off"}}'])
  await page.click("[aria-label='Mask faces']")
  assert.equal((await done()).at(-1), '{"do":"treat","change":{"strength":"faces"}}', "putting them on needs no question")
})

test("where the room wants masks, off is not offered", async () => {
  await visit("settings-masked", desk)
  await page.click("[aria-label='Mask faces']")
  assert.equal(await page.$("dialog[open]"), null)
  assert.deepEqual(await page.$$eval("[name=mask-strength]", (all) => all.map((field) => (field as HTMLInputElement).disabled)), [
    false,
    false,
    true,
  ])
})

test("zones by keyboard: added, moved as they are seen, resized, a corner of them, and deleted", async () => {
  await openZones()
  await page.focus(".zones-tools .row:last-of-type .button")
  await page.keyboard.press("Enter")
  const on = (what: string, name: RegExp): Promise<unknown> => until(what, async () => name.test(await focused()), PAGE_MS)
  await on("the new zone has the focus", /^Zone 1:/)
  assert.deepEqual(await corners(), [
    [65, 35],
    [35, 35],
    [35, 65],
    [65, 65],
  ])
  await page.keyboard.press("ArrowLeft")
  // To the left in the mirror is to the right in the picture.
  assert.deepEqual((await corners())?.[0], [67, 35])
  await page.keyboard.down("Shift")
  await page.keyboard.press("ArrowDown")
  await page.keyboard.up("Shift")
  assert.deepEqual((await corners())?.[2], [37, 67])
  await page.keyboard.press("Tab")
  await on("a corner has it", /^Zone 1, corner 1 of 4$/)
  await page.keyboard.press("ArrowUp")
  assert.deepEqual((await corners())?.[0], [67, 33])
  await page.keyboard.press("Delete")
  await on("the zone has it again", /^Zone 1:/)
  assert.equal((await corners())?.length, 3)
  await page.keyboard.press("Delete")
  await until("it is gone", async () => (await corners()) === undefined, PAGE_MS)
  await page.keyboard.press("Escape")
  await until("the editor is closed", async () => (await page.$("dialog[open]")) === null, PAGE_MS)
})

test("zones by mouse and finger: dragged, clicked corner by corner, and moved, in the mirror", async () => {
  await openZones()
  const box = async (): Promise<(x: number, y: number) => [number, number]> => {
    const { left, top, width, height } = await page.$eval(".zones-stage", (stage) => stage.getBoundingClientRect().toJSON())
    return (x, y) => [left + x * width, top + y * height]
  }
  let at = await box()
  const drag = async (from: readonly [number, number], to: readonly [number, number]): Promise<void> => {
    await page.mouse.move(...at(...from))
    await page.mouse.down()
    await page.mouse.move(...at(...to), { steps: 3 })
    await page.mouse.up()
  }
  await drag([0.1, 0.2], [0.3, 0.6])
  assert.deepEqual(await corners(), [
    [90, 20],
    [70, 20],
    [70, 60],
    [90, 60],
  ])
  await drag([0.2, 0.4], [0.4, 0.5])
  assert.deepEqual((await corners())?.[0], [70, 30], "a zone that is gripped moves")
  await drag([0.5, 0.7], [0.6, 0.9])
  assert.deepEqual((await corners())?.[2], [40, 90], "its corner alone")
  await page.click("[name=zones-shape]:not(:checked)")
  at = await box()
  for (const corner of [
    [0.7, 0.1],
    [0.9, 0.1],
    [0.8, 0.5],
    [0.7, 0.1],
  ] as const) {
    await page.mouse.click(...at(...corner))
  }
  assert.deepEqual(await corners(), [
    [30, 10],
    [10, 10],
    [20, 50],
  ])
  await page.click("[name=zones-shape]")
  const [x, y] = at(0.65, 0.65)
  const finger = await page.touchscreen.touchStart(x, y)
  await finger.move(...at(0.85, 0.95))
  await finger.end()
  await until("a finger draws too", async () => (await corners())?.length === 4, PAGE_MS)
  assert.deepEqual((await corners())?.[0], [35, 65])
})

test("the language and the theme are on the document", async () => {
  await visit("start", desk)
  await page.click("input[value=de]")
  await until("German", () => page.evaluate(() => document.documentElement.lang === "de"), PAGE_MS)
  await visit("call-2", { ...desk, query: "theme=dark" })
  assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark")
  assert.match(await page.title(), /^\(3\) /)
})
