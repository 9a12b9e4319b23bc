/** The page's words. locales/en.json is the source of the keys; every other locale has the same ones. */

import de from "../locales/de.json"
import en from "../locales/en.json"
import type { Language } from "./call/state.ts"

export type Key = keyof typeof en

/**
 * What stands for `{name}` in a text. A text is set apart from its
 * surroundings by Unicode isolates, so that a right-to-left name cannot
 * reorder the sentence; a number is written as the language writes it.
 */
type Values = Readonly<Record<string, string | number>>

/**
 * Says a text. A key that ends in ".other" is a plural: the form that `n` asks
 * for is said in its place.
 */
export type Say = (key: Key, values?: Values) => string

const locales: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { de, en }
const plurals = { de: new Intl.PluralRules("de"), en: new Intl.PluralRules("en") } as const
const numbers = { de: new Intl.NumberFormat("de"), en: new Intl.NumberFormat("en") } as const
const clocks = {
  de: new Intl.DateTimeFormat("de", { hour: "2-digit", minute: "2-digit" }),
  en: new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit" }),
} as const

const days = {
  de: new Intl.DateTimeFormat("de", { dateStyle: "short", timeStyle: "short" }),
  en: new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }),
} as const

/** Every language, by its own name, in the order they are offered. */
export const languages: readonly (readonly [Language, string])[] = [
  ["de", "Deutsch"],
  ["en", "English"],
]

/** The texts of one language. */
export function t(language: Language): Say {
  const texts: Readonly<Partial<Record<string, string>>> = locales[language]
  return (key, values = {}) => {
    const n = values["n"]
    const chosen = typeof n === "number" && key.endsWith(".other") ? key.replace(/other$/, plurals[language].select(n)) : key
    const text = texts[chosen] ?? texts[key] ?? key
    return text.replace(/\{(\w+)\}/g, (all, name: string) => {
      const value = values[name]
      if (value === undefined) return all
      return typeof value === "number" ? numbers[language].format(value) : `\u2068${value}\u2069`
    })
  }
}

/** The time of day, without the date; `at` in milliseconds since 1970. */
export const clock = (language: Language, at: number): string => clocks[language].format(at)

/** A day and the time of day, as short as the language writes them. */
export const day = (language: Language, at: number): string => days[language].format(at)
