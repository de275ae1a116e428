import { type Command, Option } from 'commander'
import { DECODE_HELP } from '../decode-help.ts'
import type { Flags } from './settings-flags.ts'

export function addDecodeCommand(program: Command): void {
  program
    .command('decode')
    .description('show what is in a token, and check its signature where keys are given')
    .argument('[token]', 'the token; - or nothing reads it from standard input')
    .addOption(new Option('--jwks <url|file>', 'check the signature with this key set').conflicts('key'))
    .option('--key <file>', 'check the signature with this public key: a JWK, or PEM')
    .option('--json', 'write JSON')
    .addHelpText('after', DECODE_HELP)
    .action(async (token: string | undefined, { jwks, key, json }: Flags) => {
      const { decode } = await import('../decode.ts')
      const flags = { jwks: jwks as string | undefined, key: key as string | undefined, json: json === true }
      process.exitCode = await decode(token, flags)
    })
}
