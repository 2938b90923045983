import { address } from "./api/client";

type Query = Record<string, string | number | boolean>;

/** Return how to do the same from a shell, and from Python. */
export function snippets(path: string, file: string, query: Query): { name: string; text: string }[] {
  const url = address(path, query).href;
  const quoted = `'${file.replaceAll("'", `'\\''`)}'`;
  return [
    { name: "cURL", text: `curl -F file=@${quoted} '${url}'` },
    {
      name: "Python",
      text: [
        "import requests",
        "",
        `with open(${JSON.stringify(file)}, "rb") as file:`,
        "    answer = requests.post(",
        `        ${JSON.stringify(address(path).href)},`,
        `        params=${python(query)},`,
        '        files={"file": file},',
        "    )",
        "answer.raise_for_status()",
        "print(answer.json())",
      ].join("\n"),
    },
  ];
}

function python(query: Query): string {
  const pairs = Object.entries(query).map(([name, value]) => {
    const text = typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
    return `${JSON.stringify(name)}: ${text}`;
  });
  return `{${pairs.join(", ")}}`;
}
