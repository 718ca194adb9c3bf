# What the sidecar of the service "db" may do in a Consul with ACLs, and nothing more:
#
#   consul acl policy create -name elect-db -rules @consul-policy.hcl

# The lock: /consul-leader/<service name>/lock.
key_prefix "consul-leader/db/" {
  policy = "write"
}

# A session belongs to a node; "" is every node. Name yours where each has a token of its own: then "elect status" of another
# node cannot be told, and nothing else is lost.
session_prefix "" {
  policy = "write"
}

# To find its own entry, to see its checks, and to change the tags.
service "db" {
  policy = "write"
}
