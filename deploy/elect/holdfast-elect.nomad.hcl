# A group of three tasks of which one leads: the sidecar runs beside each, and the leader's service entry carries the
# tag "primary". Replace the image of a polling sidecar by this one and change nothing else: the environment is the same.
#
#   nomad job run holdfast-elect.nomad.hcl

job "db" {
  datacenters = ["dc1"]
  type        = "service"

  group "db" {
    count = 3

    network {
      port "db" {
        to = 5432
      }
    }

    # The sidecar changes the tags of this entry; without enable_tag_override Nomad's client would change them back.
    service {
      name                = "db"
      port                = "db"
      enable_tag_override = true

      check {
        name     = "alive"
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "db" {
      driver = "docker"

      config {
        image = "example/db:1"
        ports = ["db"]
      }
    }

    task "elect" {
      driver = "docker"

      # Beside the main task, from its start to its end.
      lifecycle {
        hook    = "poststart"
        sidecar = true
      }

      config {
        image        = "holdfast-elect:latest"
        network_mode = "host"
      }

      # NOMAD_ALLOC_ID and NOMAD_ALLOC_DIR come from Nomad.
      env {
        CONSUL_HTTP_ADDR            = "http://${attr.unique.network.ip-address}:8500"
        CONSUL_LEADER_SERVICE_NAME  = "db"
        CONSUL_LEADER_PRIMARY_LABEL = "primary"
        CONSUL_LEADER_REPLICA_LABEL = "replica"
        CONSUL_LEADER_TTL           = "15s"
        CONSUL_LEADER_SLEEP         = "10"
      }

      # SIGTERM lets it hand over, which takes milliseconds; a third of the TTL at most, when Consul hangs.
      kill_signal  = "SIGTERM"
      kill_timeout = "7s"

      resources {
        cpu    = 50
        memory = 96
      }
    }
  }
}
