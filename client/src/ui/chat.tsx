import type { VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { ChatLine, PersonId, State } from "../call/state.ts"
import { clock } from "../i18n.ts"
import { Drawn } from "./icons.tsx"
import { pieces } from "./links.ts"
import { PanelFrame } from "./panel.tsx"
import { Button, Choice } from "./parts.tsx"
import { hue } from "./person.ts"
import type { View } from "./view.ts"

const LONGEST_MESSAGE = 4000 // characters: at most 12 000 bytes of the 16 KiB a data message holds
const TOGETHER = 3 * 60_000 // ms within which lines of one person stand under one name
const NEAR_END = 80 // CSS px: whoever has scrolled further up is reading and is not moved

/** Whom a private line goes to; with the name, since the person may leave while one writes. */
export interface Recipient {
  readonly person: PersonId
  readonly name: string
}

interface Props {
  readonly view: View
  readonly to: Recipient | null // null: everybody
  readonly onTo: (to: Recipient | null) => void
}

export const Chat = ({ view, to, onTo }: Props): VNode => {
  const { state, say } = view
  const log = useRef<HTMLDivElement>(null)
  const reading = useRef(false)
  useEffect(() => {
    const element = log.current
    if (element !== null && (!reading.current || state.chat.at(-1)?.self === true)) element.scrollTop = element.scrollHeight
  }, [state.chat])
  const scrolled = (e: { currentTarget: HTMLElement }): void => {
    const { scrollHeight, scrollTop, clientHeight } = e.currentTarget
    reading.current = scrollHeight - scrollTop - clientHeight > NEAR_END
  }
  return (
    <PanelFrame view={view} panel="chat" title={say("chat.open")}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div class="log panel-body" role="log" aria-label={say("chat.open")} tabIndex={0} ref={log} onScroll={scrolled}>
        {state.chat.length === 0 && (
          <div class="empty">
            <Drawn icon="chat" />
            <p>{say("chat.empty")}</p>
            <p class="soft">{say("chat.empty-more")}</p>
          </div>
        )}
        {state.chat.map((line, i) => (
          <Line key={line.id} line={line} first={opens(line, state.chat[i - 1])} view={view} />
        ))}
      </div>
      {state.moderation.role === "viewer" ? <p class="compose hint">{say("chat.viewer")}</p> : <Compose view={view} to={to} onTo={onTo} />}
    </PanelFrame>
  )
}

/** Whether a line stands under a name of its own. */
const opens = (line: ChatLine, before: ChatLine | undefined): boolean =>
  before === undefined || before.from !== line.from || before.name !== line.name || before.to !== line.to || line.at - before.at > TOGETHER

const Line = ({ line, first, view: { state, say } }: { line: ChatLine; first: boolean; view: View }): VNode => (
  <div class="line hued" data-self={line.self} data-first={first} data-private={line.to !== null} style={{ "--hue": hue(line.from) }}>
    {first && (
      <p class="line-head">
        {line.self ? <b>{say("chat.you")}</b> : <bdi class="line-name">{line.name || say("tile.nameless")}</bdi>}
        {line.to !== null && <span class="line-to">{line.self ? say("chat.to", { name: line.to }) : say("chat.to-you")}</span>}
        <time dateTime={new Date(line.at).toISOString()}>{clock(state.language, line.at)}</time>
      </p>
    )}
    <p class="line-text" dir="auto">
      {pieces(line.text).map(({ text, href }) =>
        href === null ? (
          text
        ) : (
          <a href={href} target="_blank" rel="noopener noreferrer">
            {text}
          </a>
        ),
      )}
    </p>
  </div>
)

/** Whom this person may write to; "everybody" is left out where a moderator has switched that off. */
function recipients({ tiles, moderation }: Pick<State, "tiles" | "moderation">): { all: boolean; people: Recipient[] } {
  const free = moderation.role === "moderator" || moderation.rules.chat
  const people = tiles.filter((tile) => !tile.self && !tile.away && (free || tile.moderator))
  return { all: free, people: people.map(({ person, name }) => ({ person, name })) }
}

const Compose = ({ view, to, onTo }: Props): VNode => {
  const { state, act, say } = view
  const { all, people } = recipients(state)
  // Whoever was chosen stays chosen when they have left: a private line must never go to everybody instead.
  const gone = to === null ? !all : people.every(({ person }) => person !== to.person)
  const field = useRef<HTMLTextAreaElement>(null)
  const send = (event: Event): void => {
    event.preventDefault()
    const text = field.current?.value.trim() ?? ""
    if (field.current === null || text === "" || gone) return
    act({ do: "say", text, to: to?.person ?? null })
    field.current.value = ""
    field.current.focus()
  }
  const key = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    event.currentTarget.form?.requestSubmit()
  }
  return (
    <form class="compose" onSubmit={send} data-private={to !== null}>
      {(people.length > 0 || to !== null) && <To view={view} to={to} onTo={onTo} gone={gone} />}
      {gone && (
        <p class="wrong" role="status">
          {to === null ? say("chat.off") : say("chat.gone", { name: to.name || say("tile.nameless") })}
        </p>
      )}
      <div class="compose-row">
        <textarea
          ref={field}
          rows={1}
          maxLength={LONGEST_MESSAGE}
          aria-label={say("chat.message")}
          placeholder={say("chat.message")}
          aria-describedby="compose-hint"
          onKeyDown={key}
        />
        <Button kind="main" submit icon="send" idle={gone}>
          <span class="send-label">{say("chat.send")}</span>
        </Button>
      </div>
      <p class="hint" id="compose-hint">
        {say(to === null ? "chat.hint" : "chat.hint-private")}
      </p>
    </form>
  )
}

/** Who gets the line. */
const To = ({ view: { state, say }, to, onTo, gone }: Props & { gone: boolean }): VNode => {
  const { all, people } = recipients(state)
  const options: [string, string][] = people.map(({ person, name }) => [person, name || say("tile.nameless")])
  if (to !== null && gone) options.unshift([to.person, to.name || say("tile.nameless")])
  if (all || to === null) options.unshift(["", say(all ? "chat.everybody" : "chat.choose")])
  return (
    <Choice
      id="chat-to"
      label={say("chat.recipient")}
      value={to?.person ?? ""}
      options={options}
      onChoose={(person) => onTo(people.find((one) => one.person === person) ?? null)}
    />
  )
}
