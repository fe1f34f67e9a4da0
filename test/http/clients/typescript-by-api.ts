import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

// The generators build their output with the compiler's JavaScript API, which TypeScript 7 does not have. ts-morph brings
// a compiler that has it.
const url = pathToFileURL(join(import.meta.dirname, 'compiler.ts')).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'typescript' ? { url, shortCircuit: true } : next(specifier, context),
})
