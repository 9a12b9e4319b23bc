/** Small things that several views show. */

import type { ComponentChildren, VNode } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import type { Language } from "../call/state.ts"
import { type Key, languages, type Say } from "../i18n.ts"
import { told } from "./events.ts"
import { Drawn, type Icon } from "./icons.tsx"
import type { View } from "./view.ts"

interface ButtonProps {
  readonly icon?: Icon
  readonly kind?: "main" | "plain" | "quiet" | "alarm"
  readonly submit?: boolean
  readonly idle?: boolean // not now: it stays, so that the focus is not lost, and does nothing
  readonly about?: string | undefined // id of what says whom or what it concerns
  readonly onClick?: () => void
  readonly children: ComponentChildren
}

export const Button = ({ icon, kind = "plain", submit = false, idle = false, about, onClick, children }: ButtonProps): VNode => (
  <button
    type={submit ? "submit" : "button"}
    class={`button ${kind}`}
    aria-disabled={idle || undefined}
    aria-describedby={about}
    {...(onClick && { onClick: idle ? undefined : onClick })}
  >
    {icon !== undefined && <Drawn icon={icon} />}
    {children}
  </button>
)

interface SwitchProps {
  readonly id: string
  readonly label: string
  readonly hint?: string
  readonly on: boolean
  readonly onTurn: (on: boolean) => void
}

/** Something that is on or off. */
export const Switch = ({ id, label, hint, on, onTurn }: SwitchProps): VNode => (
  <div class="switch">
    <label class="check">
      <input
        type="checkbox"
        role="switch"
        id={id}
        checked={on}
        aria-checked={on}
        aria-describedby={hint && `${id}-hint`}
        onChange={(e) => {
          const wanted = e.currentTarget.checked
          e.currentTarget.checked = on // what is shown is the state, which may say no
          onTurn(wanted)
        }}
      />
      <span>{label}</span>
    </label>
    {hint !== undefined && (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
  </div>
)

interface ConfirmProps {
  readonly ask: string // the question
  readonly name: string // of the button that does it: the same as of the one that asked
  readonly about?: string
  readonly say: Say
  readonly onSure: () => void
  readonly onCancel: () => void
  readonly children?: ComponentChildren
}

/** The second of two steps, in the place of the first. It has the focus; Escape goes back. */
export const Confirm = ({ ask, name, about, say, onSure, onCancel, children }: ConfirmProps): VNode => {
  const box = useRef<HTMLFieldSetElement>(null)
  useEffect(() => box.current?.querySelector<HTMLElement>(".alarm")?.focus(), [])
  return (
    <fieldset class="confirm" ref={box} onKeyDown={onEscape(onCancel)}>
      <legend>{ask}</legend>
      {children}
      <div class="row wrap">
        <Button kind="alarm" about={about} onClick={onSure}>
          {name}
        </Button>
        <Button onClick={onCancel}>{say("cancel")}</Button>
      </div>
    </fieldset>
  )
}

/** Escape closes the innermost thing that is open, and only that. */
export const onEscape =
  (close: () => void) =>
  (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return
    event.stopPropagation()
    close()
  }

interface TwiceProps {
  readonly name: string
  readonly ask: string
  readonly icon?: Icon
  readonly kind?: "plain" | "quiet"
  readonly say: Say
  readonly onSure: () => void
}

/** A button whose effect cannot be undone: it asks once more in its own place. */
export const Twice = ({ name, ask, icon, kind = "plain", say, onSure }: TwiceProps): VNode => {
  const [asked, setAsked] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const close = (): void => {
    setAsked(false)
    requestAnimationFrame(() => place.current?.querySelector("button")?.focus())
  }
  return (
    <div class="twice" ref={place}>
      {asked ? (
        <Confirm
          ask={ask}
          name={name}
          say={say}
          onCancel={close}
          onSure={() => {
            close()
            onSure()
          }}
        />
      ) : (
        <Button kind={kind} {...(icon && { icon })} onClick={() => setAsked(true)}>
          {name}
        </Button>
      )}
    </div>
  )
}

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
const LanguageSwitch = ({ state, act, say }: View): VNode => (
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
  below?: ComponentChildren // what else there is to say
  children?: ComponentChildren // what can be done
}): VNode => (
  <Page view={props.view} kind="message">
    <div class="card" data-alarm={props.alarm === true}>
      {props.busy === true && <Leaves />}
      {/* The page changes by itself while somebody waits, so it is read out. */}
      <div role="status">
        <h1>{props.view.say(props.title)}</h1>
        <p class="soft">{props.view.say(props.more)}</p>
      </div>
      {props.below}
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
        // That somebody waits stands on the page already; here it is read out.
        <div class={notice.say === "knock" ? "spoken" : "notice"} key={notice.id}>
          <span>{text}</span>
          {notice.say !== "knock" && (
            <button type="button" class="dismiss" onClick={() => act({ do: "dismiss" })} aria-label={say("close")}>
              <Drawn icon="close" />
            </button>
          )}
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
