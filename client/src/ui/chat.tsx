import type { VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { ChatLine } from "../call/state.ts"
import { clock } from "../i18n.ts"
import { Drawn } from "./icons.tsx"
import { pieces } from "./links.ts"
import { PanelFrame } from "./panel.tsx"
import { Button } from "./parts.tsx"
import { hue } from "./person.ts"
import type { View } from "./view.ts"

export const LONGEST_MESSAGE = 4000 // characters: at most 12 000 bytes of the 16 KiB a data message holds
const TOGETHER = 3 * 60_000 // ms within which lines of one person stand under one name
const NEAR_END = 80 // CSS px: whoever has scrolled further up is reading and is not moved

export const Chat = (view: View): VNode => {
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
      <Compose {...view} />
    </PanelFrame>
  )
}

/** Whether a line stands under a name of its own. */
const opens = (line: ChatLine, before: ChatLine | undefined): boolean =>
  before === undefined || before.from !== line.from || before.name !== line.name || line.at - before.at > TOGETHER

const Line = ({ line, first, view: { state, say } }: { line: ChatLine; first: boolean; view: View }): VNode => (
  <div class="line hued" data-self={line.self} data-first={first} style={{ "--hue": hue(line.from) }}>
    {first && (
      <p class="line-head">
        {line.self ? <b>{say("chat.you")}</b> : <bdi class="line-name">{line.name || say("tile.nameless")}</bdi>}
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

const Compose = ({ act, say }: View): VNode => {
  const field = useRef<HTMLTextAreaElement>(null)
  const send = (event: Event): void => {
    event.preventDefault()
    const text = field.current?.value.trim() ?? ""
    if (field.current === null || text === "") return
    act({ do: "say", text })
    field.current.value = ""
    field.current.focus()
  }
  const key = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    event.currentTarget.form?.requestSubmit()
  }
  return (
    <form class="compose" onSubmit={send}>
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
        <Button kind="main" submit icon="send">
          <span class="send-label">{say("chat.send")}</span>
        </Button>
      </div>
      <p class="hint" id="compose-hint">
        {say("chat.hint")}
      </p>
    </form>
  )
}
