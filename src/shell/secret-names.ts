/** Words that name a secret by themselves. */
const SECRETS = new Set(
  (
    "pass password passwd pswd passphrase passcode pwd pw secret token salt otp totp hotp mfa pin cvv cvc csc ccv ssn " +
    "credential cred apikey accesskey privatekey secretkey signingkey encryptionkey authkey jwt bearer mnemonic dsn " +
    "authorization cookie"
  ).split(" "),
);

/** A word that names a secret together with "key" after it. */
const KEYS = new Set(
  (
    "api app access private secret master encryption decryption encrypt signing sign auth ssh rsa aes hmac jwt session " +
    "shared license account service storage crypto cipher deploy host client webhook"
  ).split(" "),
);

/** Words that end like this name a secret in one piece: `dbpassword`, `mypwd`, `accesstoken`. */
const ENDING = /(?:password|passwd|passphrase|pwd|secret|token|apikey|accesskey|privatekey|secretkey)$/;

/** Whether a name (`passwordHash`, `API_KEY`, `dbpassword`) is that of a secret. The words of camel case and snake case are told apart. */
export function isSecretName(name: string): boolean {
  // A text that is much longer than a name is none.
  if (name.length > 200) return false;
  const words = wordsOf(name);
  return words.some((word, index) => isSecretWord(word) || (word === "key" && KEYS.has(words[index - 1] ?? "")));
}

/** The words of a name, in lower case and without a plural's s: `API_KEYS` is `api`, `key`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== "")
    .map((word) => (/[^s]s$/.test(word) && word !== "pas" ? word.slice(0, -1) : word));
}

function isSecretWord(word: string): boolean {
  return SECRETS.has(word) || ENDING.test(word);
}
