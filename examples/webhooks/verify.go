// Verifies a webhook: `go run verify.go SECRET-FILE HEADERS-FILE < body`. Needs
// `go get github.com/standard-webhooks/standard-webhooks/libraries@v0.0.1`.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	secret, err := os.ReadFile(os.Args[1])
	check(err)
	text, err := os.ReadFile(os.Args[2])
	check(err)
	var named map[string]string
	check(json.Unmarshal(text, &named))
	headers := http.Header{}
	for name, value := range named {
		headers.Set(name, value)
	}
	body, err := io.ReadAll(os.Stdin)
	check(err)
	webhook, err := standardwebhooks.NewWebhook(strings.TrimSpace(string(secret)))
	check(err)
	check(webhook.Verify(body, headers))
	var message struct{ Type string }
	check(json.Unmarshal(body, &message))
	fmt.Println(message.Type)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
