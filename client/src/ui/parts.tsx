/** Small things that several views show. */

import type { ComponentChildren, VNode } from "preact"
import { useEffect } from "preact/hooks"
import type { Language, Notice } from "../call/state.ts"
import { type Key, languages, type Say } from "../i18n.ts"
import { Drawn, type Icon } from "./icons.tsx"
import type { View } from "./view.ts"

interface ButtonProps {
  readonly icon?: Icon
  readonly kind?: "main" | "plain"
  readonly submit?: boolean
  readonly onClick?: () => void
  readonly children: ComponentChildren
}

export const Button = ({ icon, kind = "plain", submit = false, onClick, children }: ButtonProps): VNode => (
  <button type={submit ? "submit" : "button"} class={`button ${kind}`} {...(onClick && { onClick })}>
    {icon !== undefined && <Drawn icon={icon} />}
    {children}
  </button>
)

/** Words for a screen reader where the eye has an icon. */
export const Spoken = ({ children }: { children: ComponentChildren }): VNode => <span class="spoken">{children}</span>

/** The name of the product with its sign, three leaves of a folding screen. */
export const Brand = (): VNode => (
  <span class="brand">
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M2.5 5.5 9 3.500v15l-6.5 2Z" />
      <path class="back" d="M9 3.5 15 5.500v15l-6-2Z" />
      <path d="M15 5.5 21.5 3.500v15l-6.5 2Z" />
    </svg>
    Paravent
  </span>
)

interface ChoiceProps<T extends string> {
  readonly id: string
  readonly label: string
  readonly value: T
  readonly options: readonly (readonly [T, string])[] // value and words
  readonly hint?: string
  readonly onChoose: (value: T) => void
}

/** One of a list. */
export const Choice = <T extends string>({ id, label, value, options, hint, onChoose }: ChoiceProps<T>): VNode => (
  <div class="field">
    <label for={id}>{label}</label>
    <select
      id={id}
      value={value}
      aria-describedby={hint && `${id}-hint`}
      onChange={(e) => {
        const chosen = options[e.currentTarget.selectedIndex]
        if (chosen !== undefined) onChoose(chosen[0])
      }}
    >
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </select>
    {hint !== undefined && (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
  </div>
)

/** Each language is offered in its own words. */
export const LanguageSwitch = ({ state, act, say }: View): VNode => (
  <fieldset class="languages">
    <legend class="spoken">{say("language")}</legend>
    {languages.map(([code, name]) => (
      <label key={code} lang={code}>
        <input
          type="radio"
          name="language"
          value={code satisfies Language}
          checked={state.language === code}
          onChange={() => act({ do: "language", language: code })}
        />
        <span>{name}</span>
      </label>
    ))}
  </fieldset>
)

/** A page outside the call: the sign above, one thing to do below. */
export const Page = ({ view, kind, children }: { view: View; kind: string; children: ComponentChildren }): VNode => (
  <div class={`page ${kind}`}>
    <header class="masthead">
      <Brand />
      <LanguageSwitch {...view} />
    </header>
    <main>{children}</main>
  </div>
)

/** A page that says one thing. */
export const Message = (props: {
  view: View
  title: Key
  more: Key
  alarm?: boolean
  busy?: boolean
  children?: ComponentChildren
}): VNode => (
  <Page view={props.view} kind="message">
    <div class="card" data-alarm={props.alarm === true}>
      {props.busy === true && <Leaves />}
      {/* The page changes by itself while somebody waits, so it is read out. */}
      <div role="status">
        <h1>{props.view.say(props.title)}</h1>
        <p class="soft">{props.view.say(props.more)}</p>
      </div>
      {props.children !== undefined && <div class="choices">{props.children}</div>}
    </div>
  </Page>
)

/** Three leaves that fold while something takes its time. */
const Leaves = (): VNode => (
  <div class="leaves" aria-hidden="true">
    <i />
    <i />
    <i />
  </div>
)

function told(notice: Notice, say: Say): string {
  switch (notice.say) {
    case "arrived":
    case "left":
      return say(`notice.${notice.say}`, { name: notice.name || say("tile.nameless") })
    case "camera-denied":
    case "microphone-denied":
      return say(`device.${notice.say}`)
    default:
      return say(`notice.${notice.say}`)
  }
}

/** How long a notice stays: long enough to be found and read. In ms. */
const staying = (text: string): number => 3500 + 70 * text.length

/** The line that goes away by itself. Its region is always there, or a screen reader would miss the first one. */
export const Notices = ({ state, act, say }: View): VNode => {
  const { notice } = state
  const text = notice === null ? "" : told(notice, say)
  useEffect(() => {
    if (notice === null) return
    const timer = setTimeout(() => act({ do: "dismiss" }), staying(text))
    return () => clearTimeout(timer)
  }, [notice?.id])
  return (
    <div class="notices" role="status">
      {notice !== null && (
        <div class="notice" key={notice.id}>
          <span>{text}</span>
          <button type="button" class="dismiss" onClick={() => act({ do: "dismiss" })} aria-label={say("close")}>
            <Drawn icon="close" />
          </button>
        </div>
      )}
    </div>
  )
}

/** A field for a link somebody was sent. */
export const LinkField = ({ act, say }: View): VNode => {
  const open = (event: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    event.preventDefault()
    const link = new FormData(event.currentTarget).get("link")
    if (typeof link === "string" && link.trim() !== "") act({ do: "open-link", link: link.trim() })
  }
  return (
    <form class="link-field" onSubmit={open}>
      <label for="link">{say("link.field")}</label>
      <div class="row">
        <input id="link" name="link" type="text" inputMode="url" autocomplete="off" spellcheck={false} placeholder="https://…" required />
        <Button submit icon="open">
          {say("link.open")}
        </Button>
      </div>
    </form>
  )
}
