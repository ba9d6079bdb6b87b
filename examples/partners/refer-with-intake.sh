intake refer draft.json
